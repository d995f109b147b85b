// The steps in words: what the kernel is asked, and the classic command that asks it. Pure.
import type { Step, StepWords } from '@srcon/kit/step'
import { type ParentDeath, signalName } from './parent-death.ts'

type Names = readonly string[]
type Change = Names | { readonly drop: Names }

const short = (names: Names): string[] => names.map(name => name.replace(/^CAP_/, '').toLowerCase())

/** A step of caps for --dry-run. */
export function words(step: Step): StepWords {
  switch (step.do) {
    case 'caps.bounding':
      return boundingWords(step as { keep?: Names; drop?: Names })
    case 'caps.ids':
      return idsWords(step as unknown as Ids)
    case 'caps.sets':
      return setsWords(step)
    case 'caps.ambient': {
      const { raise, clear } = step as unknown as { raise: Names; clear?: boolean }
      const calls = [...(clear ? ['prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)'] : []), ...raise.map(name => `prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, ${name})`)]
      return { ...lacksOf(step), calls, classic: `setpriv --ambient-caps=${[...(clear ? ['-all'] : []), ...short(raise).map(name => `+${name}`)].join(',')}` }
    }
    case 'caps.securebits': {
      const { set = [], clear = [] } = step as { set?: Names; clear?: Names }
      const signed = [...set.map(name => `+${name}`), ...clear.map(name => `-${name}`)].join(',')
      return { calls: [`prctl(PR_SET_SECUREBITS, as they are, ${signed})`], classic: `setpriv --securebits=${signed}` }
    }
    case 'caps.pdeathsig': {
      const signal = step['signal'] as ParentDeath
      const name = typeof signal === 'number' ? signalName(signal) : signal
      return { calls: [`prctl(PR_SET_PDEATHSIG, ${name === 'clear' ? '0' : name === 'keep' ? 'as it was' : name})`], classic: `setpriv --pdeathsig ${name.replace(/^SIG/, '')}` }
    }
    case 'caps.no-new-privs':
      return { calls: ['prctl(PR_SET_NO_NEW_PRIVS, 1)'], classic: 'setpriv --no-new-privs' }
    default:
      return { calls: [] }
  }
}

function boundingWords({ keep, drop = [] }: { keep?: Names; drop?: Names }): StepWords {
  if (keep === undefined) return { calls: drop.map(name => `prctl(PR_CAPBSET_DROP, ${name})`), classic: `setpriv --bounding-set=${short(drop).map(name => `-${name}`).join(',')}` }
  const but = keep.length === 0 ? 'every capability' : `every capability but ${keep.join(', ')}`
  return { calls: [`prctl(PR_CAPBSET_DROP) of ${but}`], classic: `setpriv --bounding-set=${['-all', ...short(keep).map(name => `+${name}`)].join(',')}` }
}

interface Ids {
  readonly uid?: number
  readonly user?: string
  readonly gid?: number
  readonly group?: string
  readonly groups: readonly (number | string)[] | 'keep' | 'of-user'
}

function idsWords({ uid, user, gid, group, groups }: Ids): StepWords {
  const who = uid ?? user
  const of = gid ?? group ?? (user === undefined ? undefined : `group of ${user}`)
  const names = [user, group, ...(Array.isArray(groups) ? (groups as readonly (number | string)[]) : [])].filter(each => typeof each === 'string')
  const calls = [
    ...(names.length > 0 || groups === 'of-user' ? [`openat2(RESOLVE_IN_ROOT) of /etc/passwd and /etc/group where the command runs${names.length > 0 ? `: ${names.join(', ')}` : ''}`] : []),
    ...(groups === 'keep' ? [] : groups === 'of-user' ? [`setgroups(those of ${who ?? ''})`] : [`setgroups(${groups.length}, [${groups.join(', ')}])`]),
    ...(of === undefined ? [] : [`setresgid(${of}, ${of}, ${of})`]),
    ...(who === undefined ? [] : ['prctl(PR_SET_KEEPCAPS, 1)', `setresuid(${who}, ${who}, ${who})`, 'prctl(PR_SET_KEEPCAPS, 0)', 'capset(effective again)']),
  ]
  const supplementary = groups === 'keep' ? '--keep-groups' : groups === 'of-user' ? '--init-groups' : groups.length === 0 ? '--clear-groups' : `--groups=${groups.join(',')}`
  return { calls, classic: ['setpriv', ...(who === undefined ? [] : [`--reuid=${who}`]), ...(of === undefined ? [] : [`--regid=${gid ?? group ?? `$(id -g ${user ?? ''})`}`]), supplementary].join(' ') }
}

function lacksOf({ lacks }: Step): { note?: string } {
  return Array.isArray(lacks) ? { note: `all, as far as the process has it: it lacks ${lacks.join(', ')}` } : {}
}

function setsWords(sets: Step & { effective?: Change; permitted?: Change; inheritable?: Change }): StepWords {
  const say = (change: Change): string => ('drop' in change ? `without ${change.drop.join(', ')}` : change.length === 0 ? 'none' : change.join(', '))
  const parts = Object.entries(sets).filter(([name]) => name !== 'do' && name !== 'lacks').map(([name, change]) => `${name}: ${say(change as Change)}`)
  const { inheritable } = sets
  const classic = inheritable && (sets.permitted === undefined && sets.effective === undefined) && !('drop' in inheritable) ? `setpriv --inh-caps=${['-all', ...short(inheritable).map(name => `+${name}`)].join(',')}` : undefined
  return { ...lacksOf(sets), calls: [`capset(${parts.join('; ')})`], ...(classic === undefined ? {} : { classic }) }
}
