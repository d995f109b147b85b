// Why it ended: every reason from what the kernel and the status page say. Pure.
import t from 'tap'
import { ToolError } from '../src/error.ts'
import { nothingCounted, verdictOf, type Counts, type Ended } from '../src/launch/verdict.ts'

const exit = (code: number): number => code << 8
const kill = 9
const base: Ended = { raw: 0, wallMs: 12, cpuUsec: 3500, aborted: false, steps: [], counts: nothingCounted }
const verdict = (raw: number, counts: Partial<Counts> = {}, more: Partial<Ended> = {}) => verdictOf({ ...base, raw, counts: { ...nothingCounted, ...counts }, ...more })

t.test('exit codes and signals', async t => {
  t.strictSame(verdict(0), { ok: true, reason: 'exit', code: 0, signal: null, status: 0, wallMs: 12, cpuMs: 3.5, oomKills: 0, pidsRefused: 0 })
  t.match(verdict(exit(255)), { ok: false, reason: 'exit', code: 255, signal: null, status: 255 })
  t.match(verdict(15), { ok: false, reason: 'signal', code: null, signal: 'SIGTERM', status: 143 })
  t.match(verdict(11 | 0x80), { signal: 'SIGSEGV', status: 139 }, 'with a core')
  t.match(verdict(63), { signal: 'SIG63', status: 191 })
})

t.test('limits', async t => {
  t.match(verdict(kill, { oomKills: 1, peakBytes: 1 << 26 }), { reason: 'oom', oomKills: 1, peakBytes: 1 << 26, status: 137 })
  t.match(verdict(exit(137), { oomKills: 1 }), { reason: 'oom', code: 137 }, 'a shell that outlived its child')
  t.match(verdict(0, { oomKills: 1 }), { ok: true, reason: 'exit', oomKills: 1 }, 'it coped')
  t.match(verdict(exit(2), { pidsRefused: 3, peakPids: 9 }), { reason: 'pids', pidsRefused: 3, peakPids: 9 })
  t.match(verdict(kill, { timedOut: true, oomKills: 1 }), { ok: false, reason: 'wall-time' })
  t.match(verdict(0, { timedOut: true }), { reason: 'wall-time' }, 'it ended well when it was asked to')
  t.match(verdict(31), { reason: 'seccomp', signal: 'SIGSYS' })
  t.notOk('syscall' in verdict(31), 'not known')
  t.match(verdict(31, {}, { killedFor: { number: 0, arch: 'x86_64' } }), { reason: 'seccomp', syscall: 0, syscallArch: 'x86_64' }, 'read is number 0')
})

t.test('CPU time: by its signal, or by the time used when the hard limit killed it', async t => {
  const steps = [{ do: 'run.rlimit', resource: 'cpu', soft: 1, hard: 1 }]
  t.match(verdict(24), { reason: 'cpu-time', signal: 'SIGXCPU' })
  t.match(verdict(kill, {}, { steps, cpuUsec: 1_001_000 }), { reason: 'cpu-time' })
  t.match(verdict(kill, {}, { steps, cpuUsec: 400_000 }), { reason: 'signal' }, 'somebody else killed it')
  t.match(verdict(kill, {}, { cpuUsec: 1e9 }), { reason: 'signal' }, 'no limit')
})

t.test('never executed, and aborted', async t => {
  const error = new ToolError('caps', 'no', { code: 'EPERM' })
  t.match(verdict(exit(125), {}, { error }), { ok: false, reason: 'setup', code: 125, status: 125, error })
  t.match(verdict(kill, {}, { error }), { code: 125, signal: null }, 'killed in set-up')
  const missing = new ToolError('srcon', 'no', { code: 'E_EXEC', exit: 127 })
  t.match(verdict(exit(127), {}, { error: missing }), { reason: 'setup', code: 127, status: 127 })
  t.match(verdict(kill, { oomKills: 1 }, { aborted: true }), { reason: 'aborted', signal: 'SIGKILL' })
})
