// What ns-unshare is asked for, typed: from words, a library call or a config. Names are those of the
// long options in camelCase.
import { usage } from '@srcon/kit/error'
import { parseCount } from '@srcon/kit/number'
import type { ScannedLink } from '@srcon/kit/table'

/** Ids inside..inside+count are outside..outside+count of the parent namespace. */
export interface IdMap {
  readonly inside: number
  readonly outside: number
  readonly count: number
}
export type MapRequest = readonly (IdMap | 'auto')[]
export type Propagation = 'private' | 'slave' | 'shared' | 'unchanged'
/** True, or a file that keeps it. */
export type Wanted = boolean | string

export interface NamespaceOptions {
  readonly user?: Wanted
  readonly pid?: Wanted
  readonly mount?: Wanted
  readonly uts?: Wanted
  readonly ipc?: Wanted
  readonly net?: Wanted
  readonly cgroup?: Wanted
  readonly time?: Wanted
  readonly mapRootUser?: boolean
  readonly mapCurrentUser?: boolean
  readonly mapUsers?: MapRequest
  readonly mapGroups?: MapRequest
  readonly setgroups?: 'allow' | 'deny'
  readonly hostname?: string
  readonly mountProc?: boolean
  readonly propagation?: Propagation
  /** Seconds. */
  readonly monotonic?: number
  /** Seconds. */
  readonly boottime?: number
  readonly loopback?: boolean
  /** Left out: true. */
  readonly init?: boolean
}

export const KINDS = ['user', 'pid', 'mount', 'uts', 'ipc', 'net', 'cgroup', 'time'] as const
export type Kind = (typeof KINDS)[number]

/** The name of its file in /proc/PID/ns. */
export const fileOf = (kind: Kind): string => (kind === 'mount' ? 'mnt' : kind)

/** `__NEW_UTS_LEN`. */
const HOSTNAME_BYTES = 64
const MAX_COUNT = 2 ** 32 - 1
const MAX_ID = 2 ** 32 - 2

type Draft = { -readonly [K in keyof NamespaceOptions]: NamespaceOptions[K] }

/** From words to options. Throws a ToolError `E_USAGE`. Pure. */
export function readWords({ given }: ScannedLink): NamespaceOptions {
  const draft: Draft = {}
  for (const { name, value } of given) readOption(draft, name, value)
  checkOptions(draft)
  return draft
}

function readOption(draft: Draft, name: string, value: string | true): void {
  const text = value === true ? '' : value
  if ((KINDS as readonly string[]).includes(name)) draft[name as Kind] = value === '' ? refuseEmpty(name) : value
  else if (name === 'map-root-user') draft.mapRootUser = true
  else if (name === 'map-current-user') draft.mapCurrentUser = true
  else if (name === 'map-users') draft.mapUsers = [...(draft.mapUsers ?? []), readMap('--map-users', text)]
  else if (name === 'map-groups') draft.mapGroups = [...(draft.mapGroups ?? []), readMap('--map-groups', text)]
  else if (name === 'setgroups') draft.setgroups = text as 'allow' | 'deny'
  else if (name === 'hostname') draft.hostname = text
  else if (name === 'mount-proc') draft.mountProc = true
  else if (name === 'propagation') draft.propagation = text as Propagation
  else if (name === 'monotonic' || name === 'boottime') draft[name] = readSeconds(`--${name}`, text)
  else if (name === 'loopback') draft.loopback = true
  else if (name === 'init' || name === 'no-init') draft.init = readInit(draft.init, name === 'init')
}

function refuseEmpty(name: string): never {
  throw usage('ns-unshare', `--${name}= needs the name of a file`, `--${name} without = keeps no file`)
}

function readInit(before: boolean | undefined, init: boolean): boolean {
  if (before !== undefined && before !== init) throw usage('ns-unshare', '--init and --no-init exclude each other')
  return init
}

/** `INNER:OUTER:COUNT` or `auto`. */
export function readMap(option: string, text: string): IdMap | 'auto' {
  if (text === 'auto') return text
  const [inside, outside, count, ...more] = text.split(':')
  if (inside === undefined || outside === undefined || count === undefined || more.length > 0) throw usage('ns-unshare', `${option}: '${text}' is not INNER:OUTER:COUNT`, `for example ${option} 0:100000:65536, or ${option} auto`)
  return { inside: parseCount('ns-unshare', option, inside, { max: MAX_ID }), outside: parseCount('ns-unshare', option, outside, { max: MAX_ID }), count: parseCount('ns-unshare', option, count, { min: 1, max: MAX_COUNT }) }
}

function readSeconds(option: string, text: string): number {
  const value = /^[+-]?\d{1,15}$/.test(text) ? Number(text) : NaN
  if (Number.isSafeInteger(value)) return value
  throw usage('ns-unshare', `${option}: '${text}' is not a whole number of seconds`, text.startsWith('-') ? undefined : `a negative one is written ${option}=-5`)
}

/** What no host would accept. Throws a ToolError `E_USAGE`. Pure. */
export function checkOptions({ mapRootUser, mapCurrentUser, hostname, init, pid }: NamespaceOptions): void {
  if (mapRootUser && mapCurrentUser) throw usage('ns-unshare', '--map-root-user and --map-current-user exclude each other')
  if (init !== undefined && !pid) throw usage('ns-unshare', `${init ? '--init' : '--no-init'} is for --pid`)
  if (hostname === undefined) return
  const bytes = Buffer.byteLength(hostname)
  if (bytes < 1 || bytes > HOSTNAME_BYTES || hostname.includes('\0')) throw usage('ns-unshare', `--hostname: a name has 1 to ${HOSTNAME_BYTES} bytes, not ${bytes}`)
}

/** Options with what they imply. Pure. */
export function withImplied(options: NamespaceOptions): NamespaceOptions {
  const { mapRootUser, mapCurrentUser, mapUsers, mapGroups, setgroups, hostname, mountProc, propagation, monotonic, boottime, loopback } = options
  const implied: { [K in Kind]?: boolean } = {
    user: Boolean(mapRootUser || mapCurrentUser || mapUsers || mapGroups || setgroups),
    uts: hostname !== undefined,
    mount: mountProc === true || propagation !== undefined,
    time: monotonic !== undefined || boottime !== undefined,
    net: loopback === true,
  }
  const kinds = KINDS.filter(kind => !options[kind] && implied[kind]).map(kind => [kind, true])
  const groups = mapGroups ?? (mapUsers?.includes('auto') ? ['auto' as const] : undefined)
  return { ...options, ...(Object.fromEntries(kinds) as Partial<NamespaceOptions>), ...(groups ? { mapGroups: groups } : {}) }
}
