// rootfs-fetch as the frame of kit calls it. It is a source: it changes no process, so it has no steps and
// stands in no chain; its config fragment is the root that it made.
import { usage } from '@srcon/kit/error'
import type { ToolLink } from '@srcon/kit/link'
import { readWish, table, type Wish } from './options.ts'

export const link: ToolLink<Wish, undefined> = {
  protocol: 1,
  table,
  owns: [],
  read: readWish,
  facts: () => undefined,
  steps: () => {
    throw usage(table.name, 'rootfs-fetch stands in no chain', 'pipe its output, or write chroot-fs "$(rootfs-fetch …)" -- COMMAND')
  },
  configure: config => config,
  fromConfig: () => undefined,
  explain: () => undefined,
  words: step => ({ calls: [step.do] }),
}
