#!/usr/bin/env node
import { main } from '@srcon/kit/cli'
import { link } from './link.ts'

await main(link, { '': () => import('./command.ts') })
