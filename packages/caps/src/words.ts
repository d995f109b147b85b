// The steps in words: what the kernel is asked, and the classic command that asks it. Pure.
import type { Step, StepWords } from '@srcon/kit/step'

type Names = readonly string[]
type Change = Names | { readonly drop: Names }

const short = (names: Names): string[] => names.map(name => name.replace(/^CAP_/, '').toLowerCase())

/** A step of caps for --dry-run. */
export function words(step: Step): StepWords {
  switch (step.do) {
    case 'caps.bounding':
      return boundingWords(step as { keep?: Names; drop?: Names })
    case 'caps.ids':
      return idsWords(step as unknown as { uid?: number; gid?: number; groups: readonly number[] | 'keep' })
    case 'caps.sets':
      return setsWords(step as { effective?: Change; permitted?: Change; inheritable?: Change })
    case 'caps.ambient': {
      const { raise, clear } = step as unknown as { raise: Names; clear?: boolean }
      const calls = [...(clear ? ['prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)'] : []), ...raise.map(name => `prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, ${name})`)]
      return { calls, classic: `setpriv --ambient-caps=${[...(clear ? ['-all'] : []), ...short(raise).map(name => `+${name}`)].join(',')}` }
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

function idsWords({ uid, gid, groups }: { uid?: number; gid?: number; groups: readonly number[] | 'keep' }): StepWords {
  const calls = [
    ...(groups === 'keep' ? [] : [`setgroups(${groups.length}, [${groups.join(', ')}])`]),
    ...(gid === undefined ? [] : [`setresgid(${gid}, ${gid}, ${gid})`]),
    ...(uid === undefined ? [] : ['prctl(PR_SET_KEEPCAPS, 1)', `setresuid(${uid}, ${uid}, ${uid})`, 'prctl(PR_SET_KEEPCAPS, 0)', 'capset(effective again)']),
  ]
  const group = groups === 'keep' ? '--keep-groups' : groups.length === 0 ? '--clear-groups' : `--groups=${groups.join(',')}`
  return { calls, classic: ['setpriv', ...(uid === undefined ? [] : [`--reuid=${uid}`]), ...(gid === undefined ? [] : [`--regid=${gid}`]), group].join(' ') }
}

function setsWords(sets: { effective?: Change; permitted?: Change; inheritable?: Change }): StepWords {
  const say = (change: Change): string => ('drop' in change ? `without ${change.drop.join(', ')}` : change.length === 0 ? 'none' : change.join(', '))
  const parts = Object.entries(sets).filter(([name]) => name !== 'do').map(([name, change]) => `${name}: ${say(change)}`)
  const { inheritable } = sets
  const classic = inheritable && (sets.permitted === undefined && sets.effective === undefined) && !('drop' in inheritable) ? `setpriv --inh-caps=${['-all', ...short(inheritable).map(name => `+${name}`)].join(',')}` : undefined
  return { calls: [`capset(${parts.join('; ')})`], ...(classic === undefined ? {} : { classic }) }
}
