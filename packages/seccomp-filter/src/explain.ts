// Why a filter could not be loaded: each cause is looked up where the kernel keeps it. See seccomp(2).
import type { Explanation, Failure } from '@srcon/kit/link'
import { containerKind, filterRefusal, hasCapability, readText, selfStatus, sysctl } from '@srcon/kit/probes'
import type { LoadStep } from './steps.ts'

type Probe = (failure: Failure) => Explanation | undefined
const probes: readonly Probe[] = [notAllowed, noFilters, tooLong, flagUnknown, notProgram, outerFilter]

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

/** The sysctl exists exactly where the kernel has filters. */
function noFilters({ code }: Failure): Explanation | undefined {
  const there = sysctl('kernel.seccomp.actions_avail') !== undefined || readText('/proc/self/status')?.includes('\nSeccomp:')
  return (code === 'EINVAL' || code === 'ENOSYS') && !there ? { why: 'this kernel was built without system-call filters (CONFIG_SECCOMP_FILTER)', fix: 'use another kernel, or --profile none' } : undefined
}

/** All filters of a process together have 32768 instructions, each four more than its own. */
function tooLong({ code }: Failure): Explanation | undefined {
  if (code !== 'ENOMEM') return undefined
  const count = /^Seccomp_filters:\s*(\d+)/m.exec(readText('/proc/self/status') ?? '')?.[1]
  return { why: `with the ${count ?? ''} filters that are loaded already it would be more than the kernel's 32768 instructions`.replace('the  ', 'the '), fix: 'start from a process with fewer filters' }
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
function outerFilter({ code }: Failure): Explanation | undefined {
  if (code !== 'EPERM' && code !== 'ENOSYS') return undefined
  return filterRefusal('seccomp(2)') ?? (containerKind() ? { why: 'the outer container refuses seccomp(2)', fix: 'start it with --security-opt seccomp=unconfined' } : undefined)
}
