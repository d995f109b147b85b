// chroot-fs as other tools fold it.
import type { ToolLink } from '@srcon/kit/link'
import { configure, fromConfig } from './config.ts'
import { explain } from './explain.ts'
import { readFacts, type ChrootFacts } from './facts.ts'
import { table } from './options.ts'
import { read } from './read.ts'
import type { ChrootOptions } from './root-options.ts'
import { steps } from './steps.ts'
import { words } from './words.ts'

export const link: ToolLink<ChrootOptions, ChrootFacts> = { protocol: 1, table, owns: ['fs'], read, facts: readFacts, steps, configure, fromConfig, explain, words }
