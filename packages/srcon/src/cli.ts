#!/usr/bin/env node
import { main } from '@srcon/kit/cli'
import { link } from './own-link.ts'
// Not lazily: it is what srcon is for, and each file more costs a start a millisecond.
import * as run from './run.ts'

const verbs = {
  run: async () => await Promise.resolve(run),
  plan: () => import('./plan.ts'),
  bundle: () => import('./bundle.ts'),
  facts: () => import('./facts.ts'),
  doctor: () => import('./doctor.ts'),
}

await main(link, verbs, async () => (await import('./tools.ts')).links)
