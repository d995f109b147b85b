#!/usr/bin/env node
import { main } from '@srcon/kit/cli'
import { link } from './link.ts'

await main(link, { show: () => import('./show.ts'), check: () => import('./check.ts'), simulate: () => import('./simulate.ts') })
