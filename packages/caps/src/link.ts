// caps as other tools fold it.
import type { ToolLink } from '@srcon/kit/link'
import { configure, fromConfig } from './config.ts'
import { explain } from './explain.ts'
import { readFacts, type CapsFacts } from './facts.ts'
import { table } from './options.ts'
import { readWords, type Request } from './request.ts'
import { steps } from './steps.ts'
import type { TextForms } from './text/index.ts'
import { words } from './words.ts'

/** Only --caps and --iab need them. */
let text: TextForms | undefined

export const link: ToolLink<Request, CapsFacts> = {
  protocol: 1, table, owns: ['caps'], facts: readFacts, steps, configure, fromConfig, explain, words,
  load: async ({ given }) => {
    if (given.some(({ name }) => name === 'caps' || name === 'iab')) text = await import('./text/index.ts')
  },
  read: scanned => readWords(scanned, text),
  outlook: async (all, facts) => (await import('./outlook.ts')).outlook(all, facts),
}
