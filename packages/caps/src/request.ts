// What the words of caps ask for, typed: from a command line, a library call or a config.
import { usage } from '@srcon/kit/error'
import { parseId } from '@srcon/kit/number'
import type { ScannedLink } from '@srcon/kit/table'
import { type CapList, joined, type ListOption, readList } from './lists.ts'

/** `clear-if-allowed`: as OCI configs mean it that name no groups; under setgroups=deny they stay. */
export type GroupsRequest = readonly number[] | 'keep' | 'clear-if-allowed'

export interface Request {
  readonly drop?: CapList
  readonly keep?: CapList
  readonly ambient?: CapList
  /** Sets that are not what keep and drop make of them; only configs say so. */
  readonly sets?: { readonly effective?: readonly string[]; readonly permitted?: readonly string[]; readonly inheritable?: readonly string[] }
  readonly noNewPrivs?: true
  readonly uid?: number
  readonly gid?: number
  /** Undefined: none where uid or gid is given, else as they are. */
  readonly groups?: GroupsRequest
}

/** From words to a request. Throws a ToolError `E_USAGE`. Pure. */
export function readWords({ given }: ScannedLink): Request {
  const request: { -readonly [K in keyof Request]: Request[K] } = {}
  for (const { name, value } of given) {
    const text = value === true ? '' : value
    if (name === 'drop' || name === 'keep' || name === 'ambient') request[name] = add(request[name], name, text)
    else if (name === 'no-new-privs') request.noNewPrivs = true
    else if (name === 'user') Object.assign(request, readUser(text))
    else if (name === 'groups') request.groups = once(request.groups, text.split(',').map(word => parseId('caps', '--groups', word)))
    else if (name === 'clear-groups') request.groups = once(request.groups, [])
    else if (name === 'keep-groups') request.groups = once(request.groups, 'keep')
  }
  return request
}

function add(before: CapList | undefined, option: ListOption, text: string): CapList {
  const list = readList(option, text)
  return before ? joined(before, list) : list
}

function once(before: GroupsRequest | undefined, groups: GroupsRequest): GroupsRequest {
  if (before !== undefined) throw usage('caps', '--groups, --clear-groups and --keep-groups exclude one another')
  return groups
}

/** `1000` or `1000:100`. */
export function readUser(text: string): { uid: number; gid: number } {
  const [user = '', group = user, ...more] = text.split(':')
  if (more.length > 0) throw usage('caps', `--user: '${text}' is not UID[:GID]`)
  if (/^[a-z_]/i.test(user)) throw usage('caps', `--user: '${user}' is not a number`, `names are not looked up; id -u ${user} says the number`)
  return { uid: parseId('caps', '--user', user), gid: parseId('caps', '--user', group) }
}
