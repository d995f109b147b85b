// The kernel's record of capability checks, read: the text of a tracefs `trace_pipe` with the events
// cap_capable (each with the kernel's stack), sched_process_fork and sched_process_exec. Pure.
//
// Two kinds of checks say nothing of what a program needs, and are left out:
// - memory accounting (security_vm_enough_memory_mm): every mmap, brk, fork and exec asks for CAP_SYS_ADMIN,
//   which only decides how much memory is held back for root;
// - probes (…noaudit): the kernel asks to choose between two ways, both of which work.
import { nameOf } from '../names.ts'
import { Collected, type Seen } from './seen.ts'

/** `comm-123 [001] 12.345678: event: text`. A name may hold anything, so it is cut at the last fitting place. */
const LINE = /^\s*(.*)-(\d+)\s+\[\d{3,}\]\s+(?:[^\s:]{1,12}\s+)?\d+\.\d+: (.*)$/
const CHECK = /^cap_capable: cred \S+, target_ns (\S+), capable_ns \S+, cap (\d+), ret (-?\d+)$/
const FORK = /^sched_process_fork: .* child_pid=(\d+)$/
const EXEC = /^sched_process_exec: filename=(.*) pid=\d+ old_pid=\d+$/
const STACK = /^<stack trace>/
const FRAME = /^ => (.+)$/

const ACCOUNTING = /^(?:security|cap)_vm_enough_memory|^__vm_enough_memory/
const PROBE = /noaudit/

/** Where one of several capabilities does, in the order in which the kernel asks. See capabilities(7). */
const ALTERNATIVES: Readonly<Record<string, string>> = {
  CAP_DAC_READ_SEARCH: 'CAP_DAC_OVERRIDE', CAP_PERFMON: 'CAP_SYS_ADMIN', CAP_BPF: 'CAP_SYS_ADMIN', CAP_CHECKPOINT_RESTORE: 'CAP_SYS_ADMIN',
  CAP_SYSLOG: 'CAP_SYS_ADMIN', CAP_NET_RAW: 'CAP_NET_ADMIN', CAP_SYS_NICE: 'CAP_SYS_ADMIN',
}

interface Check {
  readonly target: string
  readonly capability: string
  readonly granted: boolean
  readonly process: string
  readonly frames: string[]
}

/** `launcher`: it sets up; what it needs is not the command's. A thread or process of which nothing is known is Node's. */
type Phase = 'launcher' | 'command'

export class Reader {
  readonly collected = new Collected()
  /** Checks left out: memory accounting, probes. */
  readonly left = { accounting: 0, probes: 0 }
  #rest = ''
  /** How the record calls the user namespace of the reader, from the check that it made itself. */
  #ours: string | undefined
  readonly #phases = new Map<number, Phase>()
  /** By thread, from the program that was executed: the record's own names are those that a process had last. */
  readonly #names = new Map<number, string>()
  /** A check whose stack is still being read, by thread. */
  readonly #open = new Map<number, Check>()
  /** Checks of an exec that has not succeeded yet. */
  readonly #exec = new Map<number, Check[]>()
  /** A refusal that an alternative may still undo, by thread. */
  readonly #refused = new Map<number, Omit<Seen, 'count'>>()
  #stackOf: number | undefined

  /** Whether anything was recorded at all: the reader's own first check. */
  get works(): boolean {
    return this.#ours !== undefined
  }

  add(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#line(line)
  }

  end(): void {
    for (const pid of this.#open.keys()) this.#close(pid)
    for (const one of this.#refused.values()) this.collected.add(one)
    this.#refused.clear()
  }

  #line(line: string): void {
    const frame = FRAME.exec(line)
    if (frame) {
      if (this.#stackOf !== undefined) this.#open.get(this.#stackOf)?.frames.push((frame[1] ?? '').replace(/\.(?:isra|constprop|cold|part|llvm).*$/, ''))
      return
    }
    if (this.#stackOf !== undefined) this.#close(this.#stackOf)
    this.#stackOf = undefined
    const [, comm = '', id = '', event = ''] = LINE.exec(line) ?? []
    if (id === '') return
    const pid = Number(id)
    if (STACK.test(event)) this.#stackOf = pid
    else if (event.startsWith('sched_process_exec: ')) this.#executed(pid, EXEC.exec(event)?.[1] ?? '')
    else if (!this.#forked(pid, event)) this.#checked(pid, comm, event)
  }

  #forked(pid: number, event: string): boolean {
    const child = FORK.exec(event)?.[1]
    if (child === undefined) return false
    const phase = this.#phases.get(pid)
    if (phase === undefined) this.#phases.delete(Number(child))
    else this.#phases.set(Number(child), phase)
    this.#names.set(Number(child), this.#names.get(pid) ?? '')
    return true
  }

  /** The first program that one of Node's children executes is the launcher; the launcher's is the command. */
  #executed(pid: number, path: string): void {
    const asked = this.#exec.get(pid) ?? []
    this.#exec.delete(pid)
    const before = this.#phases.get(pid)
    this.#phases.set(pid, before === undefined ? 'launcher' : 'command')
    this.#names.set(pid, path.slice(path.lastIndexOf('/') + 1))
    if (before === 'launcher') for (const check of asked) this.#judge(pid, { ...check, process: this.#names.get(pid) ?? check.process })
  }

  #checked(pid: number, comm: string, event: string): void {
    const found = CHECK.exec(event)
    if (!found) return
    this.#close(pid)
    const [, target = '', number = '', result = ''] = found
    this.#ours ??= target
    this.#open.set(pid, { target, capability: nameOf(Number(number)), granted: result === '0', process: this.#names.get(pid) || comm, frames: [] })
  }

  /** A check is whole: its stack has ended. */
  #close(pid: number): void {
    const check = this.#open.get(pid)
    if (!check) return
    this.#open.delete(pid)
    const phase = this.#phases.get(pid)
    if (phase === 'command') this.#judge(pid, check)
    // What the execution of the command itself asks for is the command's.
    else if (phase === 'launcher' && callOf(check.frames).startsWith('execve')) this.#exec.set(pid, [...(this.#exec.get(pid) ?? []), check])
  }

  #judge(pid: number, { frames, capability, granted, process, target }: Check): void {
    if (frames.some(frame => ACCOUNTING.test(frame))) return void this.left.accounting++
    if (frames.some(frame => PROBE.test(frame))) return void this.left.probes++
    const call = callOf(frames)
    const one = { capability, outcome: granted ? 'used' : 'refused', call, process, where: target === this.#ours ? 'ours' : 'own' } as const
    const before = this.#refused.get(pid)
    if (before) {
      this.#refused.delete(pid)
      const alternative = before.call === call && before.where === one.where && ALTERNATIVES[before.capability] === capability
      this.collected.add(alternative && granted ? { ...before, instead: true } : before)
      if (alternative && !granted) return this.collected.add({ ...one, instead: true })
    }
    if (granted) this.collected.add(one)
    else this.#refused.set(pid, one)
  }
}

const SYSCALL = /^__(?:(?:x64|x32|ia32|arm64|riscv|s390|s390x)_|do_|se_)?(?:compat_)?sys_(\w+)$/

/** The system call in a stack, innermost frame first; where the compiler has merged it away, what the kernel was doing. Pure. */
export function callOf(frames: readonly string[]): string {
  const calls = frames.flatMap(frame => SYSCALL.exec(frame)?.[1] ?? [])
  const call = calls.at(-1)
  if (call !== undefined) return call
  if (frames.some(frame => /page_fault/.test(frame))) return 'page fault'
  const entry = frames.findIndex(frame => /^(?:do_syscall_64|do_int80|do_fast_syscall|el0_svc|invoke_syscall|ret_from_fork)/.test(frame))
  const outermost = entry > 0 ? frames[entry - 1] : frames.at(-1)
  return outermost === undefined ? 'unknown' : `in ${outermost}`
}
