// The step that changes ids, and what cannot work about it: an id that the user namespace does not
// map is EINVAL, groups under setgroups=deny are EPERM. See user_namespaces(7).
import { ToolError } from '@srcon/kit/error'
import type { Step } from '@srcon/kit/step'
import type { GroupWord, Request } from './request.ts'
import { SECBIT } from './securebits.ts'
import { type IdMapLine, isMapped, type State } from './state.ts'

/** Undefined where no id is to change. Pure; throws a ToolError `E_REFUSED`. */
export function idsStep({ uid, user, gid, group, groups }: Request, state: State): Step | undefined {
  if (uid === undefined && user === undefined && gid === undefined && group === undefined && groups === undefined) return undefined
  if (uid !== undefined || user !== undefined) refuseLockedKeep(state)
  if (uid !== undefined) refuseUnmapped('user', uid, state.uidMap)
  if (gid !== undefined) refuseUnmapped('group', gid, state.gidMap)
  const wanted = groupsOf(groups ?? [], state)
  if (typeof wanted !== 'string') for (const each of wanted) if (typeof each === 'number') refuseUnmapped('group', each, state.gidMap)
  return { do: 'caps.ids', ...(uid === undefined ? {} : { uid }), ...(user === undefined ? {} : { user }), ...(gid === undefined ? {} : { gid }), ...(group === undefined ? {} : { group }), groups: wanted }
}

function groupsOf(groups: NonNullable<Request['groups']>, { setgroups, groups: now }: State): readonly GroupWord[] | 'keep' | 'of-user' {
  if (groups === 'keep' || (groups === 'of-user' && setgroups)) return groups
  const wanted = groups === 'clear-if-allowed' ? [] : groups
  if (wanted !== 'of-user' && (setgroups || same(wanted, now))) return wanted
  if (groups === 'clear-if-allowed') return 'keep'
  throw new ToolError('caps', `cannot ${wanted.length === 0 ? 'drop' : 'set'} the supplementary groups`, {
    code: 'E_REFUSED',
    why: 'setgroups is denied in this user namespace: its group map was written without privilege, or not at all',
    hint: 'add --keep-groups, or map a range of groups (ns-unshare --map-groups auto), which newgidmap writes',
  })
}

function same(a: readonly GroupWord[], b: readonly number[]): boolean {
  const other = new Set<GroupWord>(b)
  return new Set(a).size === other.size && a.every(id => other.has(id))
}

function refuseUnmapped(kind: 'user' | 'group', id: number, map: readonly IdMapLine[]): void {
  if (isMapped(map, id)) return
  const has = map.map(({ inside, count }) => (count === 1 ? `${inside}` : `${inside}-${inside + count - 1}`)).join(', ')
  throw new ToolError('caps', `cannot become ${kind} ${id}`, {
    code: 'E_REFUSED',
    why: `the user namespace maps ${has ? `only ${kind === 'user' ? 'uids' : 'gids'} ${has}` : `no ${kind}s`}`,
    hint: `map it: ns-unshare --map-${kind}s ${id}:OUTSIDE:1, or choose one that is mapped`,
  })
}

/** Capabilities are kept through a change of uid by the securebit keep_caps; a lock on it forbids that. */
function refuseLockedKeep({ securebits = 0, permitted }: State): void {
  const { KEEP_CAPS, KEEP_CAPS_LOCKED, NO_SETUID_FIXUP } = SECBIT
  if (permitted === 0n || (securebits & (KEEP_CAPS | NO_SETUID_FIXUP)) !== 0 || (securebits & KEEP_CAPS_LOCKED) === 0) return
  throw new ToolError('caps', 'cannot change the user id and keep the capabilities', {
    code: 'E_REFUSED',
    why: 'the securebit keep_caps is locked off, so the kernel would take them',
    hint: 'drop them in a link before (caps --drop all), or change the user before that lock is set',
  })
}
