// Why a filter could not be loaded: each cause is looked up where the kernel keeps it. See seccomp(2).
import type { Explanation, Failure } from '@srcon/kit/link'
import { containerKind, filterRefusal, hasCapability, readText, selfStatus, sysctl } from '@srcon/kit/probes'
import type { LoadStep } from './steps.ts'

type Probe = (failure: Failure) => Explanation | undefined
const probes: readonly Probe[] = [notAllowed, secondListener, notTaken, noThread, noFilters, tooLong, flagUnknown, notProgram, outerFilter]

export function explain(failure: Failure): Explanation | undefined {
  const { source } = failure.step as LoadStep
  const what = `cannot load the filter${source ? ` ${source}` : ''}: ${failure.code ? `${failure.code} (${failure.syscall})` : failure.note}`
  return { what, ...probes.map(probe => probe(failure)).find(found => found !== undefined) }
}

/** EACCES is this and nothing else: neither no_new_privs nor CAP_SYS_ADMIN. */
function notAllowed({ code, steps, index }: Failure): Explanation | undefined {
  if (code !== 'EACCES') return undefined
  const before = steps.slice(0, index)
  if (selfStatus().noNewPrivs || before.some(step => step.do === 'caps.no-new-privs')) return undefined
  const rule = 'without no_new_privs only a process with CAP_SYS_ADMIN in its user namespace may load a filter'
  const fix = 'leave --no-no-new-privs out'
  const dropped = before.some(step => step.do.startsWith('caps.'))
  if (dropped && (hasCapability('SYS_ADMIN') || before.some(step => step.do === 'ns.user'))) {
    return { why: `${rule}, and it was dropped earlier in the chain`, fix: `${fix}, or put seccomp-filter before caps` }
  }
  return { why: `${rule}, and this process has not got it`, fix: `${fix}, or run it as root` }
}

/** The kernel has one listener a process, whoever loaded it. */
function secondListener({ code, syscall, step, steps, index }: Failure): Explanation | undefined {
  if (code !== 'EBUSY' || syscall !== 'seccomp' || !(step as LoadStep).listener) return undefined
  const ours = steps.slice(0, index).some(each => each.do === 'seccomp.load' && (each as LoadStep).listener)
  const whose = ours ? 'an earlier filter of this chain' : 'a filter outside of this chain (a container engine, or another of our recordings)'
  return { why: `${whose} has a listener already, and the kernel has one a process`, fix: ours ? 'leave one of them out' : 'start it where no listener is' }
}

/** The listener could not be handed on. */
function notTaken({ code, syscall, path, note }: Failure): Explanation | undefined {
  if (syscall === 'connect') return { why: code === 'ECONNREFUSED' ? `nobody listens on ${path} any more` : `${path} is no socket that this user can connect to`, fix: 'start who is to answer the calls first' }
  return syscall === 'sendmsg' && note ? { why: `${note.split(';')[0]}, and without it every notified call would be ENOSYS`, fix: 'see why it ended or does not read' } : undefined
}

/** The hand-over takes a thread for a moment. */
function noThread({ code, syscall }: Failure): Explanation | undefined {
  return syscall === 'clone' && code === 'EAGAIN' ? { why: 'handing the listener on takes a second thread for a moment, and the limit of processes is reached', fix: 'allow one more (--pids, ulimit -u)' } : undefined
}

/** The sysctl exists exactly where the kernel has filters. */
function noFilters({ code }: Failure): Explanation | undefined {
  const there = sysctl('kernel.seccomp.actions_avail') !== undefined || readText('/proc/self/status')?.includes('\nSeccomp:')
  return (code === 'EINVAL' || code === 'ENOSYS') && !there ? { why: 'this kernel was built without system-call filters (CONFIG_SECCOMP_FILTER)', fix: 'use another kernel, or --profile none' } : undefined
}

/** All filters of a process together have 32768 instructions, each four more than its own. */
function tooLong({ code, steps, index }: Failure): Explanation | undefined {
  if (code !== 'ENOMEM') return undefined
  const before = Number(/^Seccomp_filters:\s*(\d+)/m.exec(readText('/proc/self/status') ?? '')?.[1] ?? 0)
  const count = before + steps.slice(0, index).filter(step => step.do === 'seccomp.load').length
  return { why: `with the ${count} filters that are loaded already it would be more than the kernel's 32768 instructions`, fix: before > 0 ? 'start from a process with fewer filters' : 'load fewer, or join their policies in one' }
}

function flagUnknown({ code, step }: Failure): Explanation | undefined {
  const { flags = [] } = step as LoadStep
  if (code !== 'EINVAL' || flags.length === 0) return undefined
  const actions = sysctl('kernel.seccomp.actions_avail') ?? ''
  return actions.includes('kill_process') ? undefined : { why: `this kernel is older than the flags ${flags.join(', ')}`, fix: 'leave them out' }
}

function notProgram({ code, syscall }: Failure): Explanation | undefined {
  return code === 'EINVAL' && syscall === 'seccomp' ? { why: 'the kernel does not take the program: it is not what a compiler of ours made', fix: 'make the plan again' } : undefined
}

/** An outer filter may refuse the call itself, with whatever it likes. */
function outerFilter({ code, steps, index }: Failure): Explanation | undefined {
  const earlier = steps.slice(0, index).findIndex(step => step.do === 'seccomp.load')
  if (earlier >= 0 && code !== '') return { why: `step ${earlier + 1} (seccomp.load) has loaded a filter, and it refuses seccomp(2)`, fix: 'load that one last, or let it allow seccomp' }
  if (code !== 'EPERM' && code !== 'ENOSYS') return undefined
  return filterRefusal('seccomp(2)') ?? (containerKind() ? { why: 'the outer container refuses seccomp(2)', fix: 'start it with --security-opt seccomp=unconfined' } : undefined)
}
