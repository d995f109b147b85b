#!/usr/bin/env node
import { main } from '@srcon/kit/cli'
import { link } from './link.ts'

await main(link, { fmt: () => import('./fmt.ts'), table: () => import('./table.ts'), show: () => import('./show.ts'), check: () => import('./check.ts'), diff: () => import('./diff.ts'), explain: () => import('./explain-call.ts'), export: () => import('./export.ts'), lint: () => import('./lint.ts'),
  minimise: () => import('./minimise.ts'), run: () => import('./run.ts'), learn: () => import('./learn.ts'), simulate: () => import('./simulate.ts') })
