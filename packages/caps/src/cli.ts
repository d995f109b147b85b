#!/usr/bin/env node
import { main } from '@srcon/kit/cli'
import { link } from './link.ts'

await main(link, {
  show: () => import('./show.ts'),
  tree: () => import('./tree.ts'),
  decode: () => import('./decode.ts'),
  explain: () => import('./about.ts'),
  supports: () => import('./supports.ts'),
  test: () => import('./test.ts'),
  files: () => import('./files.ts'),
  'set-file': () => import('./set-file.ts'),
  'verify-file': () => import('./verify-file.ts'),
  'remove-file': () => import('./remove-file.ts'),
  why: () => import('./why.ts'),
})
