#!/usr/bin/env node
import { main } from '@srcon/kit/cli'
import { link } from './link.ts'

await main(link, {
  '': () => import('./command.ts'),
  list: () => import('./verb/list.ts'),
  inspect: () => import('./verb/inspect.ts'),
  verify: () => import('./verb/verify.ts'),
  lock: () => import('./verb/lock.ts'),
  pack: () => import('./pack.ts'),
  cache: () => import('./verb/cache.ts'),
})
