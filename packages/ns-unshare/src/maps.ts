// From a request for maps to the lines that are written, and who writes them. See user_namespaces(7),
// "Defining user and group ID mappings". Pure.
import { ToolError, usage } from '@srcon/kit/error'
import type { Step } from '@srcon/kit/step'
import type { NamespaceFacts, SubIds } from './facts.ts'
import type { IdMap, MapRequest, NamespaceOptions } from './request.ts'

export interface Maps {
  readonly uidMap: readonly IdMap[]
  readonly gidMap: readonly IdMap[]
  readonly setgroups?: 'allow' | 'deny'
  readonly helper?: true
  readonly uid?: number
  readonly gid?: number
}

/** The process as its new user namespace's parent knows it. */
interface Parent {
  readonly uid: number
  readonly gid: number
  /** Whether it may write any map. */
  readonly privileged: boolean
  /** In a user namespace that this plan has made before. */
  readonly nested: boolean
}

const SETGID = 1n << 6n
const SETUID = 1n << 7n
const OVERFLOW_ID = 65534

/** The maps of a new user namespace. Throws a ToolError where they cannot be. */
export function mapsOf(options: NamespaceOptions, facts: NamespaceFacts, before: readonly Step[]): Maps {
  const parent = parentOf(facts, before)
  const uidMap = linesOf('users', options, parent.uid, options.mapUsers, facts.subuid, parent)
  const gidMap = linesOf('groups', options, parent.gid, options.mapGroups, facts.subgid, parent)
  const own = isOwn(uidMap, parent.uid) && isOwn(gidMap, parent.gid)
  const helper = !parent.privileged && !own
  if (helper) checkHelper(uidMap, gidMap, facts)
  const mustDeny = !parent.privileged && !helper && gidMap.length > 0
  if (mustDeny && options.setgroups === 'allow') throw new ToolError('ns-unshare', 'cannot allow setgroups', { code: 'E_REFUSED', why: 'the kernel takes a group map from an ordinary user only with setgroups denied', hint: 'leave --setgroups out, or add --map-groups auto' })
  const setgroups = options.setgroups ?? (mustDeny ? 'deny' : undefined)
  return {
    uidMap, gidMap,
    ...(setgroups ? { setgroups } : {}),
    ...(helper ? { helper } : {}),
    ...(options.mapCurrentUser ? { uid: parent.uid, gid: parent.gid } : {}),
  }
}

function parentOf(facts: NamespaceFacts, before: readonly Step[]): Parent {
  let parent: Parent = { uid: facts.uid, gid: facts.gid, privileged: (facts.capabilities & SETUID) !== 0n && (facts.capabilities & SETGID) !== 0n, nested: false }
  for (const step of before) {
    if (step.do === 'ns.user') {
      const { uidMap, gidMap, uid, gid } = step as { uidMap?: readonly IdMap[]; gidMap?: readonly IdMap[]; uid?: number; gid?: number }
      parent = { uid: uid ?? inside(uidMap, parent.uid), gid: gid ?? inside(gidMap, parent.gid), privileged: true, nested: true }
    } else if (step.do === 'caps.ids') {
      const { uid = parent.uid, gid = parent.gid } = step as { uid?: number; gid?: number }
      parent = { ...parent, uid, gid }
    }
  }
  return parent
}

/** What an id becomes in a namespace: 0 where that is mapped, as ns.user does it. */
function inside(map: readonly IdMap[] = [], outside: number): number {
  if (hasInside(map, 0)) return 0
  const line = map.find(each => outside >= each.outside && outside - each.outside < each.count)
  return line ? line.inside + (outside - line.outside) : OVERFLOW_ID
}

const hasInside = (map: readonly IdMap[], id: number): boolean => map.some(({ inside: first, count }) => id >= first && id - first < count)

const isOwn = (map: readonly IdMap[], id: number): boolean => map.length === 0 || (map.length === 1 && map[0]?.count === 1 && map[0].outside === id)

function linesOf(kind: 'users' | 'groups', { mapRootUser, mapCurrentUser }: NamespaceOptions, own: number, request: MapRequest = [], block: SubIds | undefined, { nested }: Parent): IdMap[] {
  const single = mapRootUser ? 0 : mapCurrentUser ? own : undefined
  const lines: IdMap[] = single === undefined ? [] : [{ inside: single, outside: own, count: 1 }]
  for (const entry of request) lines.push(...(entry === 'auto' ? autoLines(kind, block, single, nested) : [entry]))
  checkOverlap(kind, lines)
  return lines
}

/** All ids of the block, around the one that is mapped by itself: none of the block is lost. */
function autoLines(kind: 'users' | 'groups', block: SubIds | undefined, single: number | undefined, nested: boolean): IdMap[] {
  const file = kind === 'users' ? '/etc/subuid' : '/etc/subgid'
  if (nested) throw new ToolError('ns-unshare', `--map-${kind} auto in a second user namespace`, { code: 'E_REFUSED', why: `${file} names ids of the host, and the first namespace has its own`, hint: `give the range: --map-${kind} 0:0:65536` })
  if (!block) throw new ToolError('ns-unshare', `no ids for --map-${kind} auto`, { code: 'E_REFUSED', path: file, why: `${file} has no line for this user`, hint: `as root: usermod --add-sub${kind === 'users' ? 'uids' : 'gids'} 100000-165535 USER; or give the range: --map-${kind} 0:100000:65536` })
  const { start, count } = block
  if (single === undefined) return [{ inside: 0, outside: start, count }]
  const below = Math.min(single, count)
  const lines = [{ inside: 0, outside: start, count: below }, { inside: single + 1, outside: start + below, count: count - below }]
  return lines.filter(line => line.count > 0)
}

function checkOverlap(kind: 'users' | 'groups', lines: readonly IdMap[]): void {
  const overlaps = (a: IdMap, b: IdMap, side: 'inside' | 'outside'): boolean => a[side] < b[side] + b.count && b[side] < a[side] + a.count
  const say = ({ inside: first, outside, count }: IdMap): string => `${first}:${outside}:${count}`
  for (const [i, a] of lines.entries()) {
    if (Math.max(a.inside, a.outside) + a.count > 2 ** 32 - 1) throw usage('ns-unshare', `--map-${kind}: ${say(a)} goes beyond the largest id`)
    for (const b of lines.slice(0, i)) {
      const side = (['inside', 'outside'] as const).find(each => overlaps(a, b, each))
      if (side) throw usage('ns-unshare', `--map-${kind}: ${say(b)} and ${say(a)} overlap ${side}`, 'an id is mapped once')
    }
  }
}

function checkHelper(uidMap: readonly IdMap[], gidMap: readonly IdMap[], { helpers }: NamespaceFacts): void {
  const missing = uidMap.length === 0 ? 'users' : gidMap.length === 0 ? 'groups' : undefined
  if (missing) throw usage('ns-unshare', `an ordinary user needs --map-${missing} too`, `--map-${missing} auto, or --map-root-user`)
  if (helpers) return
  throw new ToolError('ns-unshare', 'cannot map ids of others', { code: 'E_HOST', why: 'that needs newuidmap and newgidmap, which are not installed', hint: 'apt install uidmap (Debian), dnf install shadow-utils (Fedora); or map only yourself: --map-root-user' })
}
