// Names of users and groups, for people to read: from the files, as they are seen from here. A name
// is decoration: what holds is the number beside it. See passwd(5), group(5).
import { readText } from '@srcon/kit/host'
import { printable } from './tasks.ts'

const files = new Map<string, ReadonlyMap<number, string>>()

function names(file: string): ReadonlyMap<number, string> {
  const found = files.get(file)
  if (found) return found
  const map = new Map<number, string>()
  for (const line of (readText(file) ?? '').split('\n')) {
    const [name = '', , id = ''] = line.split(':')
    if (name !== '' && /^\d+$/.test(id) && !map.has(Number(id))) map.set(Number(id), printable(name))
  }
  files.set(file, map)
  return map
}

/** `33 (www-data)`, or the number alone. */
export function sayUser(uid: number): string {
  return labelled(uid, userName(uid))
}

/** `4 (adm)`, or the number alone. */
export function sayGroup(gid: number): string {
  return labelled(gid, groupName(gid))
}

export function userName(uid: number): string | undefined {
  return names('/etc/passwd').get(uid)
}

export function groupName(gid: number): string | undefined {
  return names('/etc/group').get(gid)
}

const labelled = (id: number, name: string | undefined): string => (name === undefined ? `${id}` : `${id} (${name})`)
