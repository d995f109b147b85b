// What may be said of unpacking on the command line, and the words as limits: every bound is an option.
import { usage } from '@srcon/kit/error'
import { parseCount } from '@srcon/kit/number'
import type { OptionRow } from '@srcon/kit/table'
import type { OwnersWish } from './owners.ts'
import type { Limits } from './unpack.ts'

const tool = 'rootfs-fetch'

export const unpackRows: Readonly<Record<string, OptionRow>> = {
  'max-ratio': { takes: 'value', meta: 'N', about: 'most bytes out for each byte of a compressed archive (default 200)' },
  'max-depth': { takes: 'value', meta: 'N', about: 'most directories inside one another (default 1024)' },
  'max-path': { takes: 'value', meta: 'N', about: 'most bytes of a path (default 4095)' },
  'max-name': { takes: 'value', meta: 'N', about: 'most bytes of one name in a path (default 255)' },
  owners: {
    takes: 'value', meta: 'HOW', choices: ['auto', 'exact', 'own'], about: 'whose files become: exact, as in the archive; own, all the caller\'s; auto (default), exact where it can be',
    more: 'exact as an ordinary user: in a user namespace, by newuidmap and the ids of /etc/subuid and /etc/subgid.',
  },
  xattrs: { takes: 'value', meta: 'LIST', about: 'extended attributes to set: names, name*, all (default) or none', more: 'Of user.*, file capabilities and ACLs; others are never set from an archive.' },
}

/** `value`: the word of an option, if it was given. Throws a ToolError `E_USAGE`. */
export function readUnpack(value: (name: string) => string | undefined): { limits?: Limits; xattrs?: readonly string[]; owners?: OwnersWish } {
  const count = (name: string, max: number): number | undefined => {
    const word = value(`max-${name}`)
    return word === undefined ? undefined : parseCount(tool, `--max-${name}`, word, { min: 1, max })
  }
  const limits: Limits = { ratio: count('ratio', 1_000_000), depth: count('depth', 2048), path: count('path', 4095), name: count('name', 255) }
  const given = Object.values(limits).some(each => each !== undefined)
  const list = value('xattrs')
  const owners = value('owners') as OwnersWish | undefined
  return { ...(owners === undefined ? {} : { owners }), ...(given ? { limits } : {}), ...(list === undefined || list === 'all' ? {} : { xattrs: readList(list) }) }
}

function readList(list: string): readonly string[] {
  if (list === 'none') return []
  const names = list.split(',')
  for (const name of names) {
    if (/^(?:user\.|security\.capability$|system\.posix_acl_(?:access|default)$)/.test(name) || /^(?:user|security|system)[.\w]*\*$/.test(name)) continue
    throw usage(tool, `--xattrs: '${name}' is not set from an archive`, 'user.NAME, user.*, security.capability, system.posix_acl_*')
  }
  return names
}
