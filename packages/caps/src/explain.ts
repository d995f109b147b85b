// Why a step of caps failed: what the process had at that point of the plan is worked out from what
// it has now and the steps before. See the ERRORS of capset(2), prctl(2), setresuid(2), setgroups(2).
import type { Explanation, Failure } from '@srcon/kit/link'
import { filterRefusal } from '@srcon/kit/probes'
import { readFacts, type CapsFacts } from './facts.ts'
import { namesOf, numberOf, setOf, SETPCAP, without } from './names.ts'
import { securebitsOf } from './securebits.ts'
import { isMapped, stateAfter, type State } from './state.ts'

/** Probes the host from the untouched state. */
export function explain(failure: Failure): Explanation | undefined {
  return explainFrom(failure, readFacts()) ?? (failure.code === 'EPERM' ? filterRefusal('changes of privileges') : undefined)
}

/** The same from facts given. Pure. */
export function explainFrom(failure: Failure, facts: CapsFacts): Explanation | undefined {
  const state = stateAfter(facts, failure.steps.slice(0, failure.index))
  switch (failure.step.do) {
    case 'caps.bounding':
      return bounding(failure, state)
    case 'caps.ids':
      return ids(failure, state)
    case 'caps.sets':
      return sets(failure, state)
    case 'caps.ambient':
      return ambient(failure, state)
    case 'caps.securebits':
      return securebits(failure, state)
    case 'caps.pdeathsig':
      return { what: `cannot arm the parent-death signal: ${how(failure)}` }
    default:
      return undefined
  }
}

const how = ({ code, syscall, note }: Failure): string => (code ? `${code} (${syscall})` : note)
/** The capability that a note ends with: `PR_CAPBSET_DROP CAP_CHOWN`. */
const named = ({ note }: Failure): string => /CAP_[A-Z0-9_]+$/.exec(note)?.[0] ?? ''
const gone = (failure: Failure): boolean => failure.steps.slice(0, failure.index).some(step => step.do === 'caps.sets' || step.do === 'caps.bounding')

function bounding(failure: Failure, { effective }: State): Explanation {
  const what = `cannot change the bounding set: ${how(failure)}`
  if (failure.errno === 0) return { what, why: 'a capability that was dropped from the bounding set cannot come back', fix: 'keep only what is there: caps show self' }
  if (effective & SETPCAP) return { what }
  return {
    what: `cannot drop ${named(failure)} from the bounding set: ${how(failure)}`,
    why: `that needs CAP_SETPCAP, which the process does not have${gone(failure) ? ': an earlier step of the plan dropped it' : ''}`,
    fix: gone(failure) ? 'drop everything in one link, or CAP_SETPCAP last' : 'run as root, put ns-unshare --user before it, or use --no-new-privs',
  }
}

function ids(failure: Failure, state: State): Explanation {
  const { uid, gid } = failure.step as { uid?: number; gid?: number }
  const name = nameOfAccount(failure)
  if (name) return name
  const missing = (name: string): boolean => (state.effective & setOf([name])) === 0n
  const needs = (name: string): Explanation => ({ why: `that needs ${name}, which the process does not have`, fix: `run as root, put ns-unshare --user before it, or drop ${name} later` })
  switch (failure.syscall) {
    case 'setgroups':
      return {
        what: `cannot set the supplementary groups: ${how(failure)}`,
        ...(state.setgroups ? (missing('CAP_SETGID') ? needs('CAP_SETGID') : {}) : { why: 'setgroups is denied in this user namespace: its group map was written without privilege', fix: 'add --keep-groups, or map a range of groups (ns-unshare --map-groups auto)' }),
      }
    case 'setresgid':
      return { what: `cannot become group ${gid}: ${how(failure)}`, ...(gid !== undefined && !isMapped(state.gidMap, gid) ? unmapped('group', gid) : missing('CAP_SETGID') ? needs('CAP_SETGID') : {}) }
    case 'setresuid':
      if (failure.code === 'EAGAIN') return { what: `cannot become user ${uid}: ${how(failure)}`, why: 'that user has as many processes as RLIMIT_NPROC allows', fix: 'raise the limit (ulimit -u), or end some of them' }
      return { what: `cannot become user ${uid}: ${how(failure)}`, ...(uid !== undefined && !isMapped(state.uidMap, uid) ? unmapped('user', uid) : missing('CAP_SETUID') ? needs('CAP_SETUID') : {}) }
    case 'prctl':
      return { what: `cannot keep the capabilities through the change of ids: ${how(failure)}`, why: 'the securebit keep_caps is locked off', fix: 'drop the capabilities before (caps --drop all), or change the user before that lock is set' }
    default:
      return { what: `cannot change ids: ${how(failure)}` }
  }
}

/** A name that cannot be looked up where the command will run. */
function nameOfAccount({ syscall, code, path, note }: Failure): Explanation | undefined {
  if (path !== '/etc/passwd' && path !== '/etc/group' && !/^\/etc\/(?:passwd|group) /.test(note)) return undefined
  const fix = 'give numbers, which need no file'
  if (syscall === 'verify') return { what: `cannot look up users and groups: ${note || path}`, why: 'names are those of the root where the command runs, at the moment of this step', fix }
  return { what: `cannot look up users and groups in ${path}: ${code} (${syscall})`, why: code === 'ENOENT' ? 'the root where the command runs has no such file' : 'it cannot be read in the root where the command runs', fix }
}

function securebits(failure: Failure, { effective, securebits: now }: State): Explanation {
  const what = `cannot change the securebits: ${how(failure)}`
  if ((effective & SETPCAP) === 0n) return { what, why: `that needs CAP_SETPCAP, which the process does not have${gone(failure) ? ': an earlier step of the plan dropped it' : ''}`, fix: gone(failure) ? 'set them in the link that drops it, or before' : 'run as root, or put ns-unshare --user before it' }
  const { set = [], clear = [] } = failure.step as { set?: readonly string[]; clear?: readonly string[] }
  const bits = now ?? Number(/0x[0-9a-f]+/.exec(failure.note)?.[0] ?? 0)
  const locked = [...set.filter(name => (bits & securebitsOf([name])) === 0), ...clear.filter(name => (bits & securebitsOf([name])) !== 0)].filter(name => name.endsWith('_locked') ? clear.includes(name) : bits & securebitsOf([`${name}_locked`]))
  if (locked.length > 0) return { what, why: `locked until the process ends: ${locked.join(', ')}`, fix: 'put ns-unshare --user before it: a user namespace begins with no securebit set' }
  if (set.some(name => name.startsWith('exec_'))) return { what, why: 'this kernel knows no exec_restrict_file and exec_deny_interactive (Linux 6.14)', fix: 'leave them out' }
  return { what }
}

const unmapped = (kind: 'user' | 'group', id: number): Explanation => ({ why: `${kind} ${id} is not mapped in this user namespace`, fix: `map it: ns-unshare --map-${kind}s ${id}:OUTSIDE:1` })

function sets(failure: Failure, state: State): Explanation {
  const what = `cannot set the capabilities: ${how(failure)}`
  if (failure.errno === 0) return { what, why: 'only what is permitted can stay permitted or be made effective', fix: 'ask for what the process has: caps show self' }
  const { inheritable } = failure.step as { inheritable?: readonly string[] | { drop: readonly string[] } }
  if (inheritable === undefined || 'drop' in inheritable) return { what }
  const added = without(setOf(inheritable.filter(name => numberOf(name) !== undefined)), state.inheritable)
  const unbounded = without(added, state.bounding)
  if (unbounded !== 0n) return { what, why: `${namesOf(unbounded).join(', ')} is no longer in the bounding set, so it cannot become inheritable`, fix: 'keep it in the bounding set: name it in --keep' }
  const unpermitted = without(added, state.permitted)
  if (unpermitted !== 0n) return { what, why: `${namesOf(unpermitted).join(', ')} is not permitted, so it cannot become inheritable`, fix: 'ask for what the process has: caps show self' }
  return { what }
}

function ambient(failure: Failure, state: State): Explanation {
  const name = named(failure)
  const what = name ? `cannot make ${name} ambient: ${how(failure)}` : `cannot change the ambient set: ${how(failure)}`
  if (numberOf(name) === undefined) return { what }
  const one = setOf([name])
  if ((state.permitted & one) === 0n) return { what, why: `${name} is not permitted`, fix: 'only what the process has can become ambient: caps show self' }
  if ((state.inheritable & one) === 0n) return { what, why: `${name} is not inheritable`, fix: 'make it inheritable first (caps.sets), as caps --ambient does' }
  return { what, why: 'it is permitted and inheritable, so the securebit NO_CAP_AMBIENT_RAISE is set', fix: 'look at caps show self; a securebit that is not locked can be cleared with CAP_SETPCAP' }
}
