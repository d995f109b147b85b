// The ids that an ordinary user may hand out in a user namespace: its block in /etc/subuid and /etc/subgid, and the
// two helpers that write a map of them. Looks at the host, changes nothing. See subuid(5), newuidmap(1).
import { accessSync, constants } from 'node:fs'
import { userInfo } from 'node:os'
import { readText } from './host.ts'

export interface SubIds {
  readonly start: number
  readonly count: number
}

/** The launcher looks for the helpers here and nowhere else. */
const DIRECTORIES = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin', '/run/wrappers/bin']

/** The first block of a user in each of the two files: both by the user, not by a group. */
export function readSubIds(uid: number): { readonly subuid: SubIds | undefined; readonly subgid: SubIds | undefined } {
  const [users, groups] = [readText('/etc/subuid') ?? '', readText('/etc/subgid') ?? '']
  const name = users + groups === '' ? undefined : userName(uid)
  return { subuid: subIds(users, name, uid), subgid: subIds(groups, name, uid) }
}

/** Whether newuidmap(1) and newgidmap(1) are installed. */
export function hasMapHelpers(): boolean {
  return ['newuidmap', 'newgidmap'].every(helper => helperPath(helper) !== undefined)
}

/** Where newuidmap or newgidmap is. */
export function helperPath(name: string): string | undefined {
  return DIRECTORIES.map(directory => `${directory}/${name}`).find(path => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** The command that gives a user so many ids that nobody has yet. */
export function giveIdsCommand(uid: number, count = 65_536): string {
  const free = (file: string): string => {
    const start = freeStart(readText(file) ?? '')
    return `${start}-${start + count - 1}`
  }
  return `usermod --add-subuids ${free('/etc/subuid')} --add-subgids ${free('/etc/subgid')} ${userName(uid) ?? 'USER'}`
}

/** Behind all blocks of the text. Pure. */
export function freeStart(text: string): number {
  const ends = text.split('\n').map(line => line.split(':')).map(([, start, count]) => Number(start) + Number(count)).filter(Number.isSafeInteger)
  return Math.max(100_000, ...ends)
}

function userName(uid: number): string | undefined {
  try {
    const user = userInfo()
    return user.uid === uid ? user.username : undefined
  } catch {
    return undefined // A uid without an entry in passwd(5).
  }
}

/** The first block of a user in the text of /etc/subuid or /etc/subgid. Pure. */
export function subIds(text: string, name: string | undefined, uid: number): SubIds | undefined {
  for (const line of text.split('\n')) {
    const [owner, start, count] = line.trim().split(':')
    if (owner !== String(uid) && (owner !== name || name === undefined)) continue
    if (/^\d+$/.test(start ?? '') && /^[1-9]\d*$/.test(count ?? '')) return { start: Number(start), count: Number(count) }
  }
  return undefined
}
