// Where controllers are and where a process stands, from the kernel's own text on different hosts.
import t from 'tap'
import { hierarchyOf, parseLayout } from '../src/layout.ts'

const offered = (): readonly string[] => ['cpu', 'memory']
const mount = (target: string, type: string, options: string, root = '/', flags = 'rw,relatime'): string => `30 20 0:28 ${root} ${target} ${flags} shared:9 - ${type} ${type} rw,${options}`

t.test('v1: one hierarchy a mount, several controllers may share it', async t => {
  const info = [mount('/sys/fs/cgroup/cpu,cpuacct', 'cgroup', 'cpu,cpuacct'), mount('/sys/fs/cgroup/systemd', 'cgroup', 'xattr,name=systemd'), mount('/odd\\040place', 'cgroup', 'memory')].join('\n')
  const layout = parseLayout(info, '5:memory:/a/b\n3:cpu,cpuacct:/\n1:name=systemd:/x\n', offered)
  t.strictSame(layout, [
    { version: 1, controllers: ['memory'], mount: '/odd place', own: 'a/b', readOnly: false },
    { version: 1, controllers: ['cpu', 'cpuacct'], mount: '/sys/fs/cgroup/cpu,cpuacct', own: '', readOnly: false },
  ])
  t.equal(hierarchyOf(layout, 'cpuacct')?.mount, '/sys/fs/cgroup/cpu,cpuacct')
  t.equal(hierarchyOf(layout, 'pids'), undefined)
})

t.test('v2: controllers are what the mounted top offers', async t => {
  t.strictSame(parseLayout(mount('/sys/fs/cgroup', 'cgroup2', 'nsdelegate'), '0::/user.slice/x.scope\n', offered), [
    { version: 2, controllers: ['cpu', 'memory'], mount: '/sys/fs/cgroup', own: 'user.slice/x.scope', readOnly: false },
  ])
})

t.test('hybrid: v1 and v2 beside one another', async t => {
  const layout = parseLayout([mount('/sys/fs/cgroup/pids', 'cgroup', 'pids'), mount('/sys/fs/cgroup/unified', 'cgroup2', 'x')].join('\n'), '8:pids:/\n0::/\n', () => ['hugetlb'])
  t.strictSame(layout.map(({ version, controllers }) => [version, ...controllers]), [[1, 'pids'], [2, 'hugetlb']])
})

t.test('in a container only part of the tree may be mounted', async t => {
  const inside = (root: string, path: string): string | undefined => parseLayout(mount('/sys/fs/cgroup', 'cgroup2', 'x', root), `0::${path}\n`, offered)[0]?.own
  t.equal(inside('/docker/1', '/docker/1'), '')
  t.equal(inside('/docker/1', '/docker/1/a'), 'a')
  t.equal(inside('/docker/1', '/docker/12'), undefined, 'a longer name is another group')
  t.equal(inside('/', '/../other'), undefined, 'outside of the cgroup namespace')
  t.ok(parseLayout(mount('/sys/fs/cgroup', 'cgroup2', 'x', '/', 'ro,nosuid'), '0::/\n', offered)[0]?.readOnly)
})

t.test('of two mounts the one that shows our group', async t => {
  const info = [mount('/part', 'cgroup2', 'x', '/elsewhere'), mount('/whole', 'cgroup2', 'x')].join('\n')
  t.equal(parseLayout(info, '0::/a\n', offered)[0]?.mount, '/whole')
})
