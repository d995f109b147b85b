// What is read of the host, against what the kernel and the classic tools say of this very process.
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { describeErrno, errnoName } from '../src/errno.ts'
import { gidMap, hasCapability, hostArch, kernelRelease, lastCap, parseIdMap, parseStatus, selfStatus, sysctl, uidMap } from '../src/host.ts'
import { confinement, containerKind, inInitialUserNamespace, isChrooted, maskedProc, mounts, parseMountinfo, securityModules } from '../src/probes.ts'

t.test('this host', async t => {
  t.equal(hostArch(), execFileSync('uname', ['-m'], { encoding: 'utf8' }).trim())
  t.equal(kernelRelease().join('.'), /^\d+\.\d+/.exec(release())?.[0])
  t.equal(lastCap(), Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8')))
  t.equal(sysctl('kernel.ostype'), 'Linux')
  t.equal(sysctl('no.such.thing'), undefined)
})

t.test('this process', async t => {
  const { uid, gid, groups, capabilities, noNewPrivs, seccomp } = selfStatus()
  t.equal(uid.effective, process.geteuid?.())
  t.equal(gid.real, process.getgid?.())
  t.strictSame(new Set(groups), new Set(execFileSync('sh', ['-c', `grep ^Groups: /proc/$PPID/status`], { encoding: 'utf8' }).split(/\s+/).slice(1).filter(Boolean).map(Number)))
  const field = (name: string): string => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
  t.equal(capabilities.effective.toString(16).padStart(16, '0'), field('CapEff'))
  t.equal(capabilities.bounding.toString(16).padStart(16, '0'), field('CapBnd'))
  t.equal(noNewPrivs, field('NoNewPrivs') === '1')
  t.equal(String(seccomp), field('Seccomp'))
  t.equal(hasCapability('SYS_ADMIN'), (BigInt(`0x${field('CapEff')}`) & (1n << 21n)) !== 0n)
  t.ok(uidMap().length > 0 && gidMap().length > 0)
})

t.test('text of the kernel', async t => {
  t.strictSame(parseIdMap('         0       1000          1\n         1     100000      65536\n'), [{ inside: 0, outside: 1000, count: 1 }, { inside: 1, outside: 100000, count: 65536 }])
  const status = parseStatus('Name:\tx\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t4 24 \nCapInh:\t0000000000000000\nCapPrm:\t000001ffffffffff\nCapEff:\t0000000000200000\nCapBnd:\t1\nCapAmb:\t0\nNoNewPrivs:\t1\nSeccomp:\t2\n')
  t.match(status, { uid: { real: 1, effective: 2, saved: 3, fs: 4 }, gid: { fs: 8 }, groups: [4, 24], noNewPrivs: true, seccomp: 2 })
  t.equal(status.capabilities.permitted, (1n << 41n) - 1n)
  t.equal(status.capabilities.effective, 1n << 21n)
  t.strictSame(parseMountinfo('36 35 98:0 /mnt1 /mnt\\0402 rw,noatime shared:1 master:2 - ext3 /dev/root rw,errors=continue\n'), [
    { id: 36, parent: 35, root: '/mnt1', target: '/mnt 2', options: ['rw', 'noatime'], propagation: ['shared:1', 'master:2'], type: 'ext3', source: '/dev/root', superOptions: ['rw', 'errors=continue'] },
  ])
  t.equal(errnoName(1), 'EPERM')
  t.equal(errnoName(4000), 'E4000')
  t.equal(describeErrno(1), 'operation not permitted')
  t.equal(describeErrno('ENOENT'), 'no such file or directory')
})

t.test('probes answer', async t => {
  t.ok(mounts().some(({ target, type }) => target === '/proc' && type === 'proc'))
  t.equal(isChrooted(), false)
  t.type(inInitialUserNamespace(), 'boolean')
  t.ok(securityModules() === undefined || Array.isArray(securityModules()))
  for (const text of [confinement(), containerKind()]) t.ok(text === undefined || text.length > 0)
  for (const target of maskedProc()) t.match(target, /^\/proc/)
})

const allowed = spawnSync('unshare', ['--user', '--map-root-user', '--mount', '--pid', '--fork', 'true']).status === 0
t.test('probes see another state', allowed ? {} : { skip: 'this host allows no user namespaces to us' }, async t => {
  const inside = (line: string): string => execFileSync('unshare', ['--user', '--map-root-user', '--mount', '--pid', '--fork', 'bash', '--norc', '-c', line], { encoding: 'utf8' })
  const node = (expression: string): string => `${process.execPath} --input-type=module -e "const p = await import('${join(import.meta.dirname, '../src/probes.ts')}'); console.log(JSON.stringify(${expression}))"`
  t.equal(inside(node('p.inInitialUserNamespace()')), 'false\n')
  t.strictSame(JSON.parse(inside(`mount -t tmpfs x /proc/irq && ${node('p.maskedProc()')}`)), [...new Set([...maskedProc(), '/proc/irq'])])
  t.strictSame(JSON.parse(inside(node('p.uidMap()'))), [{ inside: 0, outside: process.getuid?.(), count: 1 }])
})
