// `caps show`: how a process stands. All from /proc, but the securebits, which only a process itself
// can ask for. See proc_pid_status(5).
import { readFileSync, readlinkSync } from 'node:fs'
import { loadAddon } from '@srcon/kit/addon'
import { ToolError } from '@srcon/kit/error'
import { type CapabilitySet, type Ids, lastCap, parseStatus, readText } from '@srcon/kit/host'
import { parsePid } from '@srcon/kit/number'
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { digits } from './decode.ts'
import { fullSet, namesOf } from './names.ts'

type Addon = { securebits(): number | null }

const SETS: readonly CapabilitySet[] = ['effective', 'permitted', 'inheritable', 'bounding', 'ambient']
/** Bits of prctl(PR_GET_SECUREBITS); each is followed by its lock. See capabilities(7). */
const SECUREBITS = ['noroot', 'no_setuid_fixup', 'keep_caps', 'no_cap_ambient_raise', 'exec_restrict_file', 'exec_deny_interactive']

export interface Shown {
  readonly pid: number
  readonly command: string
  readonly uid: Ids
  readonly gid: Ids
  readonly groups: readonly number[]
  readonly noNewPrivs: boolean
  /** Inode; undefined where it may not be read. */
  readonly userNamespace: number | undefined
  readonly sets: Readonly<Record<CapabilitySet, { readonly hex: string; readonly names: readonly string[] }>>
  /** Only of the process itself. */
  readonly securebits: readonly string[] | undefined
}

/** How a process stands. Throws a ToolError where there is none. */
export function show(pid: number | 'self'): Shown {
  const self = pid === 'self'
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch (cause) {
    throw new ToolError('caps', `cannot look at process ${pid}`, { code: (cause as NodeJS.ErrnoException).code ?? 'EIO', path: `/proc/${pid}/status`, why: 'there is no such process', cause })
  }
  const { uid, gid, groups, noNewPrivs, capabilities } = parseStatus(text)
  const said = (name: CapabilitySet) => ({ hex: digits(capabilities[name]), names: namesOf(capabilities[name]) })
  const sets = { effective: said('effective'), permitted: said('permitted'), inheritable: said('inheritable'), bounding: said('bounding'), ambient: said('ambient') }
  return { pid: self ? process.pid : pid, command: readText(`/proc/${pid}/comm`) ?? '', uid, gid, groups, noNewPrivs, userNamespace: userNamespace(pid), sets, securebits: self ? ownSecurebits() : undefined }
}

function userNamespace(pid: number | 'self'): number | undefined {
  try {
    return Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/user`))?.[0])
  } catch {
    return undefined
  }
}

function ownSecurebits(): string[] | undefined {
  const bits = loadAddon<Addon>('caps', import.meta.url).securebits()
  return bits === null ? undefined : securebitNames(bits)
}

/** `noroot`, `noroot_locked`, … Pure. */
export function securebitNames(bits: number): string[] {
  return SECUREBITS.flatMap((name, i) => [...(bits & (1 << (2 * i)) ? [name] : []), ...(bits & (2 << (2 * i)) ? [`${name}_locked`] : [])])
}

/** A set for people: `none`, `all`, `all but CAP_X`, or the names. Pure. */
export function sayNames(names: readonly string[], last: number): string {
  const all = namesOf(fullSet(last))
  if (names.length === 0) return 'none'
  if (names.length <= all.length / 2) return names.join(' ')
  const has = new Set(names)
  const missing = all.filter(name => !has.has(name))
  return missing.length === 0 ? 'all' : `all but ${missing.join(' ')}`
}

const sayIds = ({ real, effective, saved, fs }: Ids): string => (new Set([real, effective, saved, fs]).size === 1 ? `${real}` : `real ${real}, effective ${effective}, saved ${saved}, files ${fs}`)

export async function run({ positionals: [word = ''] }: ScannedLink, out: Output): Promise<void> {
  const shown = show(word === 'self' ? 'self' : parsePid('caps', 'PID', word))
  if (out.json) return out.data(shown)
  const own = userNamespace('self')
  const { userNamespace: namespace } = shown
  const rows: [string, string][] = [
    ['process', `${shown.pid} ${shown.command}`],
    ['user', sayIds(shown.uid)],
    ['group', sayIds(shown.gid)],
    ['groups', shown.groups.join(' ') || 'none'],
    ['no_new_privs', shown.noNewPrivs ? 'yes' : 'no'],
    ['user namespace', namespace === undefined ? 'not to be seen from here' : `${namespace}${namespace === own ? '' : ', not that of this shell'}`],
    ...SETS.map((name): [string, string] => [name, sayNames(shown.sets[name].names, lastCap())]),
    ...(shown.securebits ? [['securebits', shown.securebits.join(' ') || 'none'] as [string, string]] : []),
  ]
  for (const [label, text] of rows) out.line(`${label.padEnd(16)}${text}`)
}
