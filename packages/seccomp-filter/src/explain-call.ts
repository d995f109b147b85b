// `seccomp-filter explain POLICY CALL [ARG…]`: the verdict, the line that decides, and the way through the program.
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { explainCall, type By } from './analysis.ts'
import { optionsOf, placeOf, policyWord } from './subject.ts'

const REASONS: Readonly<Record<By['because'], string>> = {
  rule: '', default: 'no rule matches: the default', newer: 'newer than the policy can know', closed: 'this way into the kernel is not open', program: 'a raw filter: there is no policy to name a line of',
}

export async function run(link: ScannedLink, out: Output): Promise<void> {
  const policy = policyWord(link, 0)
  const [, call = '', ...args] = link.positionals
  const explained = explainCall(policy, call, args, optionsOf(link))
  if (out.json) return out.data({ policy, ...explained })
  const words = explained.arguments.map(({ name, value, means }) => `${name}=${value === means || Number(value) === Number(means) ? means : `${value} (${means})`}`)
  out.line(`call: ${explained.call}(${words.join(', ')}), ${explained.arch} ${explained.number}`)
  out.line(`verdict: ${explained.verdict}`)
  out.line(`because: ${reason(policy, explained)}`)
  if (explained.noPath !== undefined) return out.line(`no program: ${explained.noPath}`)
  if (!explained.path) return
  out.line(`path: ${explained.path.executed} of ${explained.path.of} instructions`)
  for (const { at, says } of explained.path.steps) out.line(`${String(at).padStart(6)}  ${says}`)
}

/** Which line decides, and what it says. */
export function reason(policy: string, { because, line, file, rule, text }: By): string {
  return because === 'rule' ? `${placeOf(file ?? policy, line)}: ${text ?? rule ?? ''}` : REASONS[because]
}
