// The step that changes ids, and what cannot work about it: an id that the user namespace does not
// map is EINVAL, groups under setgroups=deny are EPERM. See user_namespaces(7).
import { ToolError } from '@srcon/kit/error'
import type { Step } from '@srcon/kit/step'
import type { Request } from './request.ts'
import { type IdMapLine, isMapped, type State } from './state.ts'

/** Undefined where no id is to change. Pure; throws a ToolError `E_REFUSED`. */
export function idsStep({ uid, gid, groups }: Request, state: State): Step | undefined {
  if (uid === undefined && gid === undefined && groups === undefined) return undefined
  if (uid !== undefined) refuseUnmapped('user', uid, state.uidMap)
  if (gid !== undefined) refuseUnmapped('group', gid, state.gidMap)
  const wanted = groupsOf(groups ?? [], state)
  if (wanted !== 'keep') for (const group of wanted) refuseUnmapped('group', group, state.gidMap)
  return { do: 'caps.ids', ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }), groups: wanted }
}

function groupsOf(groups: NonNullable<Request['groups']>, { setgroups, groups: now }: State): readonly number[] | 'keep' {
  if (groups === 'keep') return 'keep'
  const wanted = groups === 'clear-if-allowed' ? [] : groups
  if (setgroups || same(wanted, now)) return wanted
  if (groups === 'clear-if-allowed') return 'keep'
  throw new ToolError('caps', `cannot ${wanted.length === 0 ? 'drop' : 'set'} the supplementary groups`, {
    code: 'E_REFUSED',
    why: 'setgroups is denied in this user namespace: its group map was written without privilege, or not at all',
    hint: 'add --keep-groups, or map a range of groups (ns-unshare --map-groups auto), which newgidmap writes',
  })
}

function same(a: readonly number[], b: readonly number[]): boolean {
  const other = new Set(b)
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
