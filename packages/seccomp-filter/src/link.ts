// seccomp-filter as other tools fold it.
import type { ToolLink } from '@srcon/kit/link'
import { configure, fromConfig } from './config.ts'
import { explain } from './explain.ts'
import { readFacts, type FilterFacts } from './facts.ts'
import { table } from './options.ts'
import { read, type FilterOptions } from './profile.ts'
import { steps } from './steps.ts'
import { words } from './words.ts'

export const link: ToolLink<FilterOptions, FilterFacts> = { protocol: 1, table, owns: ['seccomp'], read, facts: readFacts, steps, configure, fromConfig, explain, words }
