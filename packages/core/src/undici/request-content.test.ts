import { Readable } from 'node:stream'
import { describe, expect, it } from '@jest/globals'
import { FormData } from 'undici'
import { readContent } from './request-content.js'

type GivenBody = Parameters<typeof readContent>[0]

const limits = () => ({ pieceMs: 0, signal: new AbortController().signal })
const read = async (body: unknown, type?: string) => await readContent(body as GivenBody, type, limits())
const digestOf = async (body: unknown, type?: string) => (await read(body, type)).digest

function form(...entries: [name: string, value: string | File][]): FormData {
  const form = new FormData()
  for (const [name, value] of entries) form.append(name, value)
  return form
}

describe('readContent', () => {
  const text = 'some text'
  const spellings: [name: string, make: () => unknown][] = [
    ['a string', () => text],
    ['a Buffer', () => Buffer.from(text)],
    ['a view of other bytes', () => new DataView(new TextEncoder().encode(`12${text}34`).buffer, 2, text.length)],
    ['an ArrayBuffer', () => new TextEncoder().encode(text).buffer],
    ['a Blob', () => new Blob([text])],
    ['a stream', () => Readable.from([Buffer.from('some'), Buffer.from(' text')])],
    ['a stream of strings', () => Readable.from(['some', ' text'])],
    ['an iterable', () => [Buffer.from('some '), 'text']],
    [
      'an async iterable',
      () =>
        (async function* () {
          yield* [text]
        })()
    ]
  ]

  it.each(spellings)('has one digest for the same bytes: %s', async (_name, make) => {
    expect(await digestOf(make())).toBe(await digestOf(text))
    expect(await digestOf(make())).not.toBe(await digestOf(`${text}.`))
  })

  it.each([undefined, null, '', new Uint8Array(0), new ArrayBuffer(0), Readable.from([]), []])(
    'has none where nothing is sent: %p',
    async (body) => {
      expect(await digestOf(body)).toBeNull()
    }
  )

  it('gives what can be read but once in a form that can be sent, and leaves the others as they are', async () => {
    const stream = await read(Readable.from(['some', ' text']))
    expect(stream.body).toEqual(Buffer.from(text))
    const blob = new Blob([text])
    const sent = form(['a', '1'])
    for (const body of [text, blob, sent]) expect((await read(body)).body).toBe(body)
  })

  it('copies bytes: what is sent is what the digest is of', async () => {
    const bytes = Buffer.from(text)
    const { body } = await read(bytes)
    bytes.fill(0)
    expect(body).toEqual(Buffer.from(text))
  })

  it('takes memory that was transferred away for nothing', async () => {
    const bytes = new TextEncoder().encode(text)
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
    expect(await digestOf(bytes)).toBeNull()
    expect(await digestOf(bytes.buffer)).toBeNull()
  })

  it('tells forms apart by their names, values, files and order', async () => {
    const forms = () => [
      form(),
      form(['a', '1']),
      form(['a', '1'], ['b', '2']),
      form(['b', '2'], ['a', '1']),
      form(['a', '1b2']),
      form(['a', new File(['1'], 'a.txt')]),
      form(['a', new File(['1'], 'b.txt')]),
      form(['a', new File(['2'], 'a.txt')])
    ]
    const digests = await Promise.all(forms().map((form) => digestOf(form)))
    expect(new Set(digests).size).toBe(digests.length)
    expect(await Promise.all(forms().map((form) => digestOf(form)))).toEqual(digests)
  })

  it('leaves the boundary of multipart content out, quoted or not', async () => {
    const content = (name: string) => `--${name}\r\n\r\nvalue\r\n--${name}--`
    const one = await digestOf(content('abc'), 'multipart/form-data; boundary=abc')
    expect(await digestOf(content('x'), 'multipart/mixed; charset=a; Boundary="x"')).toBe(one)
    expect(await digestOf(content('x'), 'text/plain')).not.toBe(one)
    expect(await digestOf(content('y').replace('value', 'other'), 'multipart/form-data; boundary=y')).not.toBe(one)
  })

  it('rejects with the error of a body that fails, and for pieces that are neither text nor bytes', async () => {
    const failing = Readable.from(
      (async function* () {
        yield text
        throw new RangeError('no more')
      })()
    )
    await expect(read(failing)).rejects.toThrow(new RangeError('no more'))
    await expect(read(new URLSearchParams('a=1'))).rejects.toThrow(TypeError)
  })
})
