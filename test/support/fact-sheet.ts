// How a live process stands, read by the tests themselves from /proc and the group's files, so that no code of
// ours judges itself. What differs from run to run becomes a word: `new` and `host` for namespaces, NAME for a group.
import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'

export type Sheet = Readonly<Record<string, unknown>>

const TYPES = ['user', 'pid', 'mnt', 'uts', 'ipc', 'net', 'cgroup', 'time']
const FIELDS = ['Uid', 'Gid', 'Groups', 'CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp', 'Seccomp_filters']
/** By controller: the files that hold what was asked for, on v1 and v2. */
const LIMITS: Readonly<Record<string, readonly string[]>> = {
  memory: ['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes', 'memory.max', 'memory.swap.max'],
  pids: ['pids.max'],
  cpu: ['cpu.cfs_quota_us', 'cpu.cfs_period_us', 'cpu.max'],
}

const read = (path: string): string => readFileSync(path, 'utf8').trim()
const unnamed = (text: string): string => text.replaceAll(/srcon-[0-9a-f]{8,}/g, 'NAME')

export function factSheet(pid: number): Sheet {
  const at = `/proc/${pid}`
  const status = new Map(read(`${at}/status`).split('\n').map(line => [line.split(':')[0] ?? '', line.slice(line.indexOf(':') + 1).trim()]))
  const root = statSync(`${at}/root`)
  return {
    namespaces: Object.fromEntries(TYPES.map(type => [type, readlinkSync(`${at}/ns/${type}`) === readlinkSync(`/proc/self/ns/${type}`) ? 'host' : 'new'])),
    ...Object.fromEntries(FIELDS.map(field => [field, status.get(field)])),
    // Its number here differs, those inside do not.
    pidsInside: status.get('NSpid')?.split(/\s+/).slice(1),
    maps: ['uid_map', 'gid_map', 'setgroups'].map(file => read(`${at}/${file}`)),
    command: status.get('Name'),
    groups: unnamed(read(`${at}/cgroup`)),
    limits: limitsOf(read(`${at}/cgroup`)),
    root: `${root.dev}:${root.ino}`,
    cwd: readlinkSync(`${at}/cwd`),
    mounts: read(`${at}/mountinfo`).split('\n').map(mountOf),
    descriptors: readdirSync(`${at}/fd`).toSorted(),
  }
}

/** Without ids, device numbers of file systems made for it, and numbers of peer groups. */
function mountOf(line: string): string {
  const [, , device = '', ...rest] = line.split(' ')
  return unnamed([device.replace(/^0:\d+$/, '0:N'), ...rest].join(' ').replaceAll(/(shared|master|propagate_from):\d+/g, '$1:N'))
}

function limitsOf(cgroup: string): Record<string, string> {
  const mounts = read('/proc/self/mountinfo').split('\n').map(line => line.split(' - '))
  const found: Record<string, string> = {}
  for (const line of cgroup.split('\n')) {
    const [, names = '', path = ''] = line.split(':')
    const mount = mounts.find(([, after = '']) => (names === '' ? after.startsWith('cgroup2 ') : after.startsWith('cgroup ') && names.split(',').every(name => after.split(' ')[2]?.split(',').includes(name))))
    const folder = mount?.[0]?.split(' ')[4]
    if (folder === undefined) continue
    const controllers = names === '' ? Object.keys(LIMITS) : names.split(',')
    for (const file of controllers.flatMap(name => LIMITS[name] ?? [])) {
      try {
        found[file] = read(join(folder, path, file))
      } catch {
        // Of the other version.
      }
    }
  }
  return found
}
