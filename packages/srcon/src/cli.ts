#!/usr/bin/env node
import { main } from '@srcon/kit/cli'
import { link } from './link.ts'

const verbs = {
  run: () => import('./run.ts'),
  plan: () => import('./plan.ts'),
  bundle: () => import('./bundle.ts'),
  facts: () => import('./facts.ts'),
  doctor: () => import('./doctor.ts'),
}

await main(link, verbs, async () => (await import('./tools.ts')).links)
