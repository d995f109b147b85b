// Who the caller is and which ids it may hand out: what maps rest on. The only file beside explain.ts
// and the verbs that looks at the host. See subuid(5).
import { accessSync, constants } from 'node:fs'
import { userInfo } from 'node:os'
import { gidMap, readText, selfStatus, uidMap } from '@srcon/kit/host'
import type { IdMap } from './request.ts'

export interface SubIds {
  readonly start: number
  readonly count: number
}

export interface NamespaceFacts {
  readonly uid: number
  readonly gid: number
  /** Effective capabilities; bit N is capability N. */
  readonly capabilities: bigint
  /** The caller's first block in /etc/subuid. */
  readonly subuid: SubIds | undefined
  readonly subgid: SubIds | undefined
  /** Whether newuidmap(1) and newgidmap(1) are installed. */
  readonly helpers: boolean
  /** Ids that the caller itself can see. */
  readonly uidMap: readonly IdMap[]
  readonly gidMap: readonly IdMap[]
}

/** The launcher looks for the helpers here and nowhere else. */
const DIRECTORIES = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin', '/run/wrappers/bin']

/** Looks at the host. */
export function readFacts(): NamespaceFacts {
  const { uid, gid, capabilities } = selfStatus()
  const [users, groups] = [readText('/etc/subuid') ?? '', readText('/etc/subgid') ?? '']
  const name = users + groups === '' ? undefined : userName(uid.real)
  return {
    uid: uid.effective,
    gid: gid.effective,
    capabilities: capabilities.effective,
    subuid: subIds(users, name, uid.real),
    // By the user, not by a group.
    subgid: subIds(groups, name, uid.real),
    helpers: ['newuidmap', 'newgidmap'].every(helper => helperPath(helper) !== undefined),
    uidMap: uidMap(),
    gidMap: gidMap(),
  }
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
