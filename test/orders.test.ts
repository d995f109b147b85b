// Every row of the table of orders in docs/plan.md, through the real command lines: accepted ones give the state they
// should, refused ones do nothing and say why, failing ones end with 125 at that step with the reason.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readlinkSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { cleanEnv } from './support/clean-env.ts'

const top = join(import.meta.dirname, '..')
const isRoot = process.getuid?.() === 0
const bin = t.testdir({})
const tools = ['ns-unshare', 'chroot-fs', 'cgroup-ctl', 'caps', 'seccomp-filter']
for (const tool of tools) symlinkSync(join(top, 'packages', tool, 'dist/bin', `${tool}.mjs`), join(bin, tool))
const missing = tools.find(tool => !existsSync(join(bin, tool)))
const built = missing === undefined ? false : `${missing} is not built`
const limits = built || (isRoot ? false : 'an ordinary user has no groups of its own here')
const env = cleanEnv({ PATH: [bin, join(process.execPath, '..'), '/usr/bin:/bin:/usr/sbin:/sbin'].join(':') })

interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}
interface Where {
  readonly uid?: number
  /** Done first, in a mount namespace of its own. */
  readonly first?: string
}
/** A chain as one would type it; nothing in it is quoted. */
function chain(line: string, { uid, first }: Where = {}): Ended {
  const drop = uid === undefined || !isRoot ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups']
  const words = first === undefined ? line.split(' ') : ['unshare', '--mount', 'sh', '-c', `${first} && exec ${line}`]
  const [file = '', ...rest] = [...drop, ...words]
  return spawnSync(file, rest, { encoding: 'utf8', env, cwd: '/', timeout: 30_000 })
}

/** What a refused or failed chain must leave as it is. Mounts of others come and go: only ours are asked for. */
const MARK = 'srcon-orders'
function traces(): object {
  const table = spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).stdout.split('\n')
  return {
    hostname: readFileSync('/proc/sys/kernel/hostname', 'utf8'),
    namespaces: ['mnt', 'uts', 'net', 'user', 'pid'].map(type => readlinkSync(`/proc/self/ns/${type}`)),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter(line => line.includes(MARK)),
    processes: table.filter(line => line.includes(`echo ${MARK}`) && !line.startsWith('ps')),
  }
}

function stops(test: Test, line: string, said: RegExp, where?: Where): void {
  const before = traces()
  const { status, stdout, stderr } = chain(`${line} echo ${MARK}`, where)
  test.equal(status, 125, `${line}: ${stderr}`)
  test.equal(stdout, '', 'the command did not run')
  test.match(stderr, said)
  test.match(stderr, /^ {2}why: ./m, 'the reason')
  test.match(stderr, /^ {2}fix: ./m, 'the remedy')
  test.strictSame(traces(), before, 'nothing was done')
}


function gives(test: Test, line: string, where?: Where): string {
  const { status, stdout, stderr } = chain(line, where)
  test.equal(status, 0, `${line}: ${stderr}`)
  return stdout
}
const idle = ['--pids', '500'].join(' ')
const inGroup = /:\/.*srcon-[0-9a-f]{16}/

t.test('cgroup-ctl anywhere', { skip: limits }, async t => {
  for (const line of [
    `cgroup-ctl ${idle} -- ns-unshare -r --pid --mount -- chroot-fs / --proc -- cat /proc/self/cgroup`,
    `ns-unshare -r --pid --mount -- cgroup-ctl ${idle} -- chroot-fs / --proc -- cat /proc/self/cgroup`,
    `ns-unshare -r --pid --mount -- chroot-fs / --proc -- cgroup-ctl ${idle} -- cat /proc/self/cgroup`,
    `caps --user 65534 -- cgroup-ctl ${idle} -- cat /proc/self/cgroup`,
  ])
    t.match(gives(t, line), inGroup, line)
})

t.test('a user namespace in a user namespace', { skip: built }, async t => {
  const link = gives(t, 'ns-unshare -r -- ns-unshare -r -- readlink /proc/self/ns/user').trim()
  t.match(link, /^user:\[\d+\]$/)
  t.not(link, readlinkSync('/proc/self/ns/user'))
  // The second maps ids of the first, in which we are 0 already.
  t.match(gives(t, 'ns-unshare -r -- ns-unshare -r -- cat /proc/self/uid_map'), /^\s*0\s+0\s+1\s*$/)
})

t.test('a pid namespace in a pid namespace', { skip: built }, async t => {
  // One number for each namespace that the proc read here is outside of, and its own.
  const ids = /^NSpid:\s+(.*)$/m.exec(gives(t, 'ns-unshare -r --pid -- ns-unshare --pid -- cat /proc/self/status'))?.[1]
  t.equal(ids?.split(/\s+/).length, 3)
  t.equal(ids?.split(/\s+/)[2], '2', 'below an init')
})

t.test('a join after the cgroup namespace shows the real path', { skip: limits }, async t => {
  t.match(gives(t, `ns-unshare --cgroup -- cgroup-ctl ${idle} -- cat /proc/self/cgroup`), inGroup)
  t.notMatch(gives(t, `cgroup-ctl ${idle} -- ns-unshare --cgroup -- cat /proc/self/cgroup`), inGroup)
})

t.test('a time namespace after a pid namespace', { skip: built }, async t => {
  const uptime = (line: string): number => Number(gives(t, `${line} cat /proc/uptime`).split(' ')[0])
  t.ok(uptime('ns-unshare -r --pid -- ns-unshare --boottime 500000000 --') > 5e8)
  t.ok(uptime('ns-unshare -r --pid --') < 5e8)
})

t.test('a root in a root', { skip: built }, async t => {
  const inner = gives(t, 'ns-unshare -r --pid -- chroot-fs / --proc -- chroot-fs /usr -- /bin/ls /')
  t.ok(inner.split('\n').includes('bin'), inner)
  t.notOk(inner.split('\n').includes('usr'), 'the second root is found inside the first')
})

t.test('refused before anything is done', { skip: built }, async t => {
  const map = 'ns-unshare -r'
  stops(t, `${isRoot ? '' : `${map} -- `}chroot-fs / --chroot -- ${map} --`, /a user namespace after a plain chroot/)
  stops(t, `${map} -- chroot-fs / -- ns-unshare --pid -- chroot-fs / --proc --`, /proc in a user namespace after a root without proc/)
  if (isRoot) stops(t, `ns-unshare --pid -- ${map} -- chroot-fs / --proc --`, /proc for a pid namespace that an outer user namespace owns/)
  stops(t, `${map} -- chroot-fs / --proc -- ns-unshare --pid --`, /a pid namespace after proc was mounted/)
  stops(t, `${map} --uts=/tmp/${MARK} --`, /a namespace file without privilege/, { uid: 65_534 })
  t.notOk(existsSync(`/tmp/${MARK}`))
})

t.test('a tool behind a foreign command behind a new root', { skip: built }, async t => {
  stops(t, 'ns-unshare -r --pid -- chroot-fs / --proc -- env caps --drop all --', /caps/)
  // Without the foreign command, and without the new root, the same works.
  t.match(gives(t, 'ns-unshare -r --pid -- chroot-fs / --proc -- caps --drop all -- grep CapEff /proc/self/status'), /CapEff:\s+0{16}/)
  t.match(gives(t, 'ns-unshare -r -- env caps --drop all -- grep CapEff /proc/self/status'), /CapEff:\s+0{16}/)
})

t.test('at run time: capabilities dropped before they are needed', { skip: built }, async t => {
  stops(t, 'ns-unshare -r -- caps --drop all -- ns-unshare --uts --', /ns-unshare: .*(?:uts|EPERM)/)
  t.match(gives(t, 'ns-unshare -r --uts -- caps --drop all -- grep CapEff /proc/self/status'), /CapEff:\s+0{16}/)
})

t.test('at run time: a filter that is not last', { skip: built }, async t => {
  stops(t, 'ns-unshare -r -- seccomp-filter --profile default -- ns-unshare --uts --', /ns-unshare: .*(?:uts|EPERM|filter)/)
  t.match(gives(t, 'ns-unshare -r --uts -- seccomp-filter --profile default -- grep Seccomp: /proc/self/status'), /Seccomp:\s+2/)
})

t.test('at run time: a proc where the present one is masked', { skip: built || (isRoot ? false : 'masking takes root') }, async t => {
  const masked = { first: 'mount -t tmpfs mask /proc/fs' }
  stops(t, 'ns-unshare -r --pid -- chroot-fs / --proc --', /cannot mount proc on \/proc: EPERM[^]*is masked \(\/proc\/fs\)/, masked)
  t.equal(gives(t, 'ns-unshare -r --pid -- chroot-fs / --bind-proc -- readlink -e /proc/fs', masked), '/proc/fs\n')
})
