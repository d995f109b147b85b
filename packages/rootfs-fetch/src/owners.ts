// Whose the files of a tree become. Root, and who has a whole map, gives them to the owners that the archive names. An
// ordinary user does so in a user namespace, where the archive's 0 is the user and 1 to 65535 are its subordinate ids; where
// that cannot be had, everything is the user's, and the report says what was lost. See user_namespaces(7), subuid(5).
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ToolError } from '@srcon/kit/error'
import { giveIdsCommand, hasMapHelpers, readSubIds, type SubIds } from '@srcon/kit/subids'
import { native, tool } from './native.ts'

/** `auto`: `exact` where that can be had, else `own`. */
export type OwnersWish = 'auto' | 'exact' | 'own'

export interface IdRange {
  readonly inside: number
  readonly outside: number
  readonly count: number
}

/** Which ids of a tree are which of the host: what a container must map to see the archive's owners. */
export interface IdMaps {
  readonly users: readonly IdRange[]
  readonly groups: readonly IdRange[]
}

/** `given`: by this process itself; `mapped`: in a user namespace with this map; `own`: all are the caller's, and why. */
export type Owners =
  | { readonly kind: 'given' }
  | { readonly kind: 'mapped'; readonly ids: IdMaps; readonly orOwn: boolean }
  | { readonly kind: 'own'; readonly why?: string | undefined; readonly hint?: string | undefined }

/** Ids that distributions hand out beside 0. */
const NEEDED = 65_535

/** Looks at what this process may do. Throws a ToolError `E_HOST` where `exact` cannot be. */
export function ownersFor(wish: OwnersWish = 'auto'): Owners {
  if (wish === 'own') return { kind: 'own' }
  if (native().canGiveOwners()) return { kind: 'given' }
  const ids = ownIds()
  if ('users' in ids) return { kind: 'mapped', ids, orOwn: wish === 'auto' }
  if (wish === 'exact') throw new ToolError(tool, 'cannot give files to their owners', { code: 'E_HOST', ...ids })
  return { kind: 'own', ...ids }
}

/** The namespace could not be made, and nothing was done; it says why in the words of the tool whose step failed. */
export class NoNamespace extends ToolError {
  constructor({ tool: by, message, code, syscall, errno, step, index, path, why, hint, exit, cause }: ToolError) {
    super(by, message, { code, syscall, errno, step, index, path, why, hint, exit, cause })
  }
}

/** What becomes of a tree whose user namespace could not be made. Throws what is another error, or where `exact` was asked for. */
export function withoutNamespace(owners: Owners, error: unknown): Owners {
  if (!(error instanceof NoNamespace)) throw error
  if (owners.kind !== 'mapped' || !owners.orOwn) throw error
  return { kind: 'own', why: error.why ?? error.message, hint: error.hint }
}

/** The map of this user, or why there is none. It is the one that srcon gives a container whose root is the user's own tree. */
export function ownIds(): IdMaps | { readonly why: string; readonly hint: string } {
  const uid = process.getuid?.() ?? 0
  const { subuid, subgid } = readSubIds(uid)
  const short = lacking('uid', subuid, uid) ?? lacking('gid', subgid, uid)
  if (short) return short
  if (!hasMapHelpers()) return { why: 'newuidmap and newgidmap are not installed', hint: 'apt install uidmap (Debian), dnf install shadow-utils (Fedora)' }
  const map = (own: number, { start = 0, count = 0 }: Partial<SubIds> = {}): IdRange[] => [{ inside: 0, outside: own, count: 1 }, { inside: 1, outside: start, count }]
  return { users: map(process.geteuid?.() ?? 0, subuid), groups: map(process.getegid?.() ?? 0, subgid) }
}

function lacking(kind: 'uid' | 'gid', block: SubIds | undefined, uid: number): { why: string; hint: string } | undefined {
  const file = `/etc/sub${kind}`
  const hint = `as root: ${giveIdsCommand(uid)}`
  if (!block) return { why: `${file} has no line for uid ${uid}`, hint }
  if (block.count < NEEDED) return { why: `${file} gives uid ${uid} ${block.count} ids, and ${NEEDED} are needed`, hint }
  return undefined
}

/** The map of a tree of a cache, where this user needs it to see the tree as it is meant. */
export function idsOfTree(tree: string): IdMaps | undefined {
  if (process.geteuid?.() === 0) return undefined
  try {
    const { ids } = JSON.parse(readFileSync(join(tree, '../tree.json'), 'utf8')) as { ids?: IdMaps }
    return ids
  } catch {
    return undefined // Any other directory.
  }
}

/** What the owners add to the name of a tree: another map makes other files. */
export function ownersVariant(owners: Owners): string {
  if (owners.kind === 'given') return ''
  if (owners.kind === 'own') return `-uid${process.geteuid?.()}-${process.getegid?.()}`
  return `-map${createHash('sha256').update(JSON.stringify(owners.ids)).digest('hex').slice(0, 16)}`
}

/** In words, that so many entries are not their owners'. */
export function ownersLost(entries: string, owners: Owners): string {
  const { why, hint } = owners.kind === 'own' ? owners : {}
  const because = why === undefined ? '' : ` (${why}${hint === undefined ? '' : `; ${hint}`})`
  return `all files belong to uid ${process.geteuid?.()}: this user cannot give ${entries} to their owners${because}`
}
