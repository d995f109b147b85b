// The steps in words: what the kernel is asked, and the classic command that asks it. Pure.
import { textOf as text, type Bytes, type Step, type StepWords } from '@srcon/kit/step'
import type { IdMap } from './request.ts'

const FLAG: Readonly<Record<string, string>> = { user: 'CLONE_NEWUSER', pid: 'CLONE_NEWPID', mnt: 'CLONE_NEWNS', uts: 'CLONE_NEWUTS', ipc: 'CLONE_NEWIPC', net: 'CLONE_NEWNET', cgroup: 'CLONE_NEWCGROUP', time: 'CLONE_NEWTIME' }
const LONG: Readonly<Record<string, string>> = { mnt: 'mount' }
const PROPAGATION: Readonly<Record<string, string>> = { private: 'MS_PRIVATE', slave: 'MS_SLAVE', shared: 'MS_SHARED' }

/** A step of ns-unshare for --dry-run. */
export function words(step: Step): StepWords {
  switch (step.do) {
    case 'ns.user':
      return userWords(step as unknown as UserStep)
    case 'ns.new':
      return newWords(step as unknown as NewStep)
    case 'ns.pid':
      return { calls: ['unshare(CLONE_NEWPID)', 'clone(CLONE_PARENT): its first process goes on', ...(step['init'] === true ? ['fork(): pid 1 stays as init'] : [])], classic: 'unshare --pid --fork --kill-child' }
    case 'ns.file': {
      const { type, path } = step as unknown as { type: string; path: Bytes }
      return { calls: [`from outside: open_tree(/proc/PID/ns/${type}, OPEN_TREE_CLONE)`, `from outside: move_mount(${text(path)})`], classic: `mount --bind /proc/PID/ns/${type} ${text(path)}` }
    }
    case 'ns.hostname':
      return { calls: [`sethostname(${JSON.stringify(text(step['name']))})`], classic: `hostname ${text(step['name'])}` }
    case 'ns.loopback':
      return { calls: ['ioctl(SIOCSIFFLAGS, lo, IFF_UP)'], classic: 'ip link set lo up' }
    case 'ns.proc':
      return { calls: ['mount(/proc, MS_PRIVATE)', 'fsopen("proc")', 'fsmount(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)', 'move_mount("/proc")'], classic: 'mount -t proc -o nosuid,nodev,noexec proc /proc' }
    default:
      return { calls: [] }
  }
}

interface UserStep {
  readonly uidMap?: readonly IdMap[]
  readonly gidMap?: readonly IdMap[]
  readonly setgroups?: string
  readonly helper?: boolean
  readonly uid?: number
  readonly gid?: number
}

function userWords({ uidMap = [], gidMap = [], setgroups, helper, uid, gid }: UserStep): StepWords {
  const line = ({ inside, outside, count }: IdMap): string => `${inside} ${outside} ${count}`
  const write = (file: string, program: string, map: readonly IdMap[]): string[] => {
    if (map.length === 0) return []
    return [helper ? `from outside: ${program} PID ${map.map(line).join(' ')}` : `from outside: write(/proc/PID/${file}, "${map.map(line).join('\\n')}")`]
  }
  const ids = (name: string, id: number | undefined, map: readonly IdMap[]): string[] => {
    const wanted = id ?? (map.some(({ inside }) => inside === 0) ? 0 : undefined)
    return wanted === undefined ? [] : [`${name}(${wanted}, ${wanted}, ${wanted})`]
  }
  const options = (name: string, map: readonly IdMap[]): string[] => map.map(({ inside, outside, count }) => `--map-${name}=${inside}:${outside}:${count}`)
  const become = ids('setresgid', gid, gidMap)
  return {
    calls: [
      'unshare(CLONE_NEWUSER)', ...(setgroups ? [`from outside: write(/proc/PID/setgroups, "${setgroups}")`] : []),
      ...write('gid_map', 'newgidmap', gidMap), ...write('uid_map', 'newuidmap', uidMap),
      ...(become.length > 0 && setgroups !== 'deny' ? ['setgroups(0, [])'] : []), ...become, ...ids('setresuid', uid, uidMap),
    ],
    classic: ['unshare', '--user', ...options('users', uidMap), ...options('groups', gidMap), ...(setgroups ? [`--setgroups=${setgroups}`] : [])].join(' '),
  }
}

interface NewStep {
  readonly types: readonly string[]
  readonly propagation?: string
  readonly timeOffsets?: { readonly monotonic?: number; readonly boottime?: number }
}

function newWords({ types, propagation = 'private', timeOffsets = {} }: NewStep): StepWords {
  const offsets = Object.entries(timeOffsets)
  const mounts = types.includes('mnt')
  return {
    calls: [
      `unshare(${types.map(type => FLAG[type] ?? type).join(' | ')})`,
      ...offsets.map(([clock, seconds]) => `write(/proc/self/timens_offsets, "${clock} ${seconds} 0")`),
      ...(types.includes('time') ? ['setns(/proc/self/ns/time_for_children, CLONE_NEWTIME), or entered by execve'] : []),
      ...(mounts && propagation !== 'unchanged' ? [`mount("/", MS_REC | ${PROPAGATION[propagation] ?? propagation})`] : []),
    ],
    classic: ['unshare', ...types.map(type => `--${LONG[type] ?? type}`), ...(mounts && propagation !== 'private' ? [`--propagation=${propagation}`] : []), ...offsets.map(([clock, seconds]) => `--${clock}=${seconds}`)].join(' '),
  }
}
