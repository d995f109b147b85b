// What names in a text of the terse form stand for, as data from the addon, and the policies that a text extends.
import { dirname, resolve } from 'node:path'
import { addon } from '../addon.ts'
import { isFile } from '../profile.ts'
import { readBytes } from './ask.ts'
import { callsOf } from './calls.ts'
import type { Facts } from './terse.ts'

/** Facts for a text that stands in `path`; a preset's stands nowhere. */
export function factsFor(path: string): Facts {
  return {
    calls: callsOf,
    constant: (name, way) => {
      const value = addon().constantOf(name, way.oci)
      return typeof value === 'number' ? BigInt(value) : undefined
    },
    group: name => addon().groupOf(name) ?? undefined,
    extended: name => {
      if (!isFile(name)) return { text: addon().presetText(name) ?? '', path: name }
      const other = resolve(dirname(path), name)
      return { text: readBytes(other).toString(), path: other }
    },
  }
}
