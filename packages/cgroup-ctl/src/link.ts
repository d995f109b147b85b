// cgroup-ctl as other tools fold it.
import type { ToolLink } from '@srcon/kit/link'
import { configure, fromConfig } from './config.ts'
import { explain } from './explain.ts'
import { readFacts, type CgroupFacts } from './facts.ts'
import { readLimits, type Limits } from './limits.ts'
import { table } from './options.ts'
import { steps } from './steps.ts'
import { words } from './words.ts'

export const link: ToolLink<Limits, CgroupFacts> = { protocol: 1, table, owns: ['cgroup'], read: readLimits, facts: readFacts, steps, configure, fromConfig, explain, words }
