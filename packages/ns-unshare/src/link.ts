// ns-unshare as other tools fold it.
import type { ToolLink } from '@srcon/kit/link'
import { configure, fromConfig } from './config.ts'
import { explain } from './explain.ts'
import { readFacts, type NamespaceFacts } from './facts.ts'
import { table } from './options.ts'
import { type NamespaceOptions, readWords } from './request.ts'
import { steps } from './steps.ts'
import { words } from './words.ts'

export const link: ToolLink<NamespaceOptions, NamespaceFacts> = { protocol: 1, table, owns: ['ns'], read: readWords, facts: readFacts, steps, configure, fromConfig, explain, words }
