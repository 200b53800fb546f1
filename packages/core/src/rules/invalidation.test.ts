import { describe, expect, it } from '@jest/globals'
import { type Origin, parseOrigin, requestTarget } from './cache-key.js'
import { fieldMap } from './fields.js'
import { invalidates, invalidationKeys } from './invalidation.js'
import type { FieldLine } from './messages.js'

const origin = parseOrigin('http://a.example:8080') as Origin
const on = { invalidateLocations: true }
const target = requestTarget(origin, origin, '/dir/x?q=1', '')
const own = 'http://a.example:8080/dir/x?q=1'
const keys = (fields: FieldLine[], given = target, options = on) => invalidationKeys(given, fieldMap(fields), options)

describe('invalidation (RFC 9111 §4.4)', () => {
  it('INV-01, INV-02: of all statuses, 2xx and 3xx invalidate', () => {
    const invalidating: number[] = []
    for (let status = 100; status <= 999; status++) if (invalidates(status)) invalidating.push(status)
    expect([invalidating[0], invalidating.at(-1), invalidating.length]).toEqual([200, 399, 200])
  })

  it('INV-01: the target is invalidated', () => {
    expect(keys([])).toEqual([own])
  })

  it.each([
    ['/b', '/b'],
    ['b?c#d', '/dir/b?c'],
    ['?c', '/dir/x?c'],
    ['../b', '/b'],
    ['HTTP://A.Example:8080/b', '/b'],
    ['http://user:pass@a.example:8080/b', '/b'],
    ['//a.example:8080/b', '/b']
  ])('INV-03: Location %s is invalidated too', (location, path) => {
    expect(keys([['Location', location]])).toEqual([own, `http://a.example:8080${path}`])
  })

  it.each([
    'http://a.example/b',
    'https://a.example:8080/b',
    'http://b.example:8080/b',
    'http://a.example.:8080/b',
    'http://a.example:8080@b.example/b',
    'http://[b',
    'urn:b',
    'javascript:/b'
  ])('INV-03: Location %s, elsewhere or not to be read, is left alone', (location) => {
    expect(keys([['Location', location]])).toEqual([own])
  })

  it('INV-03: Location and Content-Location both count, one that is repeated differently does not', () => {
    expect(
      keys([
        ['Location', '/b'],
        ['Content-Location', '/c']
      ])
    ).toEqual([own, 'http://a.example:8080/b', 'http://a.example:8080/c'])
    expect(
      keys([
        ['Location', '/b'],
        ['location', '/b']
      ])
    ).toEqual([own, 'http://a.example:8080/b'])
    expect(
      keys([
        ['Location', '/b'],
        ['location', '/c']
      ])
    ).toEqual([own])
    expect(keys([['Location', '/dir/x?q=1']])).toEqual([own])
  })

  it('INV-03: locations stay within the partition', () => {
    const [first, second] = keys([['Location', '/b']], requestTarget(origin, origin, '/dir/x?q=1', 'ann'))
    expect(first).toBe(`3:ann${own}`)
    expect(second).toBe('3:annhttp://a.example:8080/b')
  })

  it('INV-03: with invalidateLocations off they are left alone', () => {
    expect(keys([['Location', '/b']], target, { invalidateLocations: false })).toEqual([own])
  })
})
