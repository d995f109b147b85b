// srcon's own face to the frame. It stands in no chain: it ends one.
import { usage } from '@srcon/kit/error'
import type { ToolLink } from '@srcon/kit/link'
import { table } from './options.ts'

export const link: ToolLink<undefined, undefined> = {
  protocol: 1,
  table,
  owns: [],
  read: () => undefined,
  facts: () => undefined,
  steps: () => {
    throw usage(table.name, 'srcon stands in no chain', 'srcon run … -- COMMAND')
  },
  configure: config => config,
  fromConfig: () => undefined,
  explain: () => undefined,
  words: step => ({ calls: [step.do] }),
}
