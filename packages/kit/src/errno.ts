// Error numbers by name and in words. See errno(3).
import { getSystemErrorMap } from 'node:util'

/** `EPERM` for 1; the number itself where Node has no name for it. */
export function errnoName(errno: number): string {
  return getSystemErrorMap().get(-errno)?.[0] ?? `E${errno}`
}

/** `operation not permitted` for 1 or `EPERM`. */
export function describeErrno(error: number | string): string {
  const map = getSystemErrorMap()
  const entry = typeof error === 'number' ? map.get(-error) : [...map.values()].find(([name]) => name === error)
  return entry?.[1] ?? (typeof error === 'number' ? `error ${error}` : error)
}
