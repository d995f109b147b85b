// caps as other tools fold it.
import type { ToolLink } from '@srcon/kit/link'
import { configure, fromConfig } from './config.ts'
import { explain } from './explain.ts'
import { readFacts, type CapsFacts } from './facts.ts'
import { table } from './options.ts'
import { readWords, type Request } from './request.ts'
import { steps } from './steps.ts'
import { words } from './words.ts'

export const link: ToolLink<Request, CapsFacts> = { protocol: 1, table, owns: ['caps'], read: readWords, facts: readFacts, steps, configure, fromConfig, explain, words }
