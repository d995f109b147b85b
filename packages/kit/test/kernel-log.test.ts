// The record of a death by a filter in the kernel's log: found by pid and time, never by what the process itself chose. Pure.
import t from 'tap'
import { lastOf } from '../src/launch/kernel-log.ts'

const record = (at: string, pid: number, rest = 'comm="uname" exe="/bin/uname" sig=31 arch=c000003e syscall=63 compat=0 ip=0x1 code=0x80000000'): string =>
  `5,2041,19148453407,-;audit: type=1326 audit(${at}:411): auid=4294967295 uid=0 gid=0 ses=4294967295 pid=${pid} ${rest}\n`

t.test('by pid and time', async t => {
  t.strictSame(lastOf(7, 1_000_000, [record('1000.500', 7)]), { number: 63, arch: 'x86_64' })
  t.equal(lastOf(8, 1_000_000, [record('1000.500', 7)]), undefined)
  t.equal(lastOf(7, 1_001_000, [record('1000.500', 7)]), undefined, 'an earlier process of that pid')
  const newer = record('1000.900', 7, 'subj=unconfined comm="x" exe="/x" sig=31 arch=40000003 syscall=122 compat=1 ip=0x1 code=0x0')
  t.strictSame(lastOf(7, 1_000_000, [record('1000.500', 7), newer, record('1000.950', 9)]), { number: 122, arch: 'x86' })
  t.strictSame(lastOf(7, 0, [record('1.000', 7, 'comm="x" exe="/x" sig=31 arch=c000003e syscall=1073741887 compat=0 ip=0x1 code=0x0')]), { number: 63, arch: 'x32' })
})

t.test('what a process calls itself counts for nothing', async t => {
  t.equal(lastOf(7, 0, [record('1.000', 9, 'comm="a pid=7 comm=b" exe="/x" sig=31 arch=c000003e syscall=1 compat=0 ip=0x1 code=0x0')]), undefined)
  t.equal(lastOf(7, 0, ['12,1,1,-;audit: type=1300 audit(1.000:1): pid=7 comm="x" sig=31 arch=c000003e syscall=1 \n']), undefined, 'another type')
  t.equal(lastOf(7, 0, [`12,1,1,-;somebody wrote ${record('1.000', 7).slice(record('1.000', 7).indexOf(';') + 1)}`]), undefined)
  t.equal(lastOf(7, 0, [record('1.000', 7, 'comm="x" exe="/x" sig=0 arch=c000003e syscall=1 compat=0 ip=0x1 code=0x7ffc0000')]), undefined, 'logged only')
})
