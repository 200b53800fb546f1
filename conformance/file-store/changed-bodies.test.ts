import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileStore } from '@cc/store-file'
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals'
import { setUp } from '../../packages/core/test/harness.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cc-changed-bodies-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('a caller who writes into the end of a long body fails no later request (rows D3, M2)', async () => {
  const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const bytes = 3 * 1_048_576
  const text = 'some text '.repeat(bytes / 10).padEnd(bytes, '.')
  const client = await setUp(
    new FileStore(folder),
    (_setUp, _request, response) => response.setHeader('Cache-Control', 'max-age=60').end(text),
    // Nothing is given up because it takes long.
    { storeTimeoutMs: 60_000, copyBufferBytes: 2 * bytes }
  )
  const decided = client.nextDecision()
  let received = 0
  await new Promise<void>((resolve, reject) => {
    const options = { origin: client.origin.url, path: '/', method: 'GET' } as const
    client.dispatcher.dispatch(options, {
      onRequestStart() {},
      onResponseStart() {},
      onResponseData(_controller, chunk) {
        received += chunk.byteLength
        // The beginning is sound: what comes after it is found out too late for another answer.
        if (received > bytes / 2) chunk.fill('!')
      },
      onResponseEnd: () => resolve(),
      onResponseError: (_controller, error) => reject(error)
    })
  })
  expect(await decided).toMatchObject({ stored: false })
  expect(emitWarning.mock.calls.map(([message]) => message)).toEqual([expect.stringContaining('BodyChangedError')])
  emitWarning.mockRestore()
  for (const outcome of ['miss', 'hit']) {
    const answer = await client.get('/')
    expect(answer.text === text).toBe(true)
    expect(answer.decision.outcome).toBe(outcome)
  }
})

it('finds each bit that has flipped in the file of a body, however often that was read before (row D3)', async () => {
  const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const bytes = 100_000
  const text = 'some text '.repeat(bytes / 10)
  const client = await setUp(
    new FileStore(folder),
    (_setUp, _request, response) => response.setHeader('Cache-Control', 'max-age=3600').end(text),
    { storeTimeoutMs: 60_000 }
  )
  const outcomes = async (requests: number) => {
    const seen: string[] = []
    for (let n = 0; n < requests; n++) {
      const answer = await client.get('/')
      expect(answer.text === text).toBe(true)
      seen.push(answer.decision.outcome)
    }
    return seen
  }
  await client.get('/')
  for (const at of [0, 1, 4_095, 4_096, 65_535, bytes / 2, bytes - 2, bytes - 1]) {
    expect(await outcomes(4)).toEqual(['hit', 'hit', 'hit', 'hit'])
    const [path = '', ...others] = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /[0-9a-f]{64}\.[0-9a-f]+$/.test(name))
      .map((name) => join(folder, name))
    expect(others).toEqual([])
    const body = readFileSync(path)
    expect(body.byteLength).toBe(bytes)
    body[at] = (body[at] ?? 0) ^ 0x10
    writeFileSync(path, body)
    expect(await outcomes(1)).toEqual(['miss'])
  }
  expect(emitWarning.mock.calls.map(([message]) => message)).toEqual([expect.stringContaining('BodyDamagedError')])
  emitWarning.mockRestore()
})
