// `caps remove-file`: takes the attribute of files away, an empty one (`=`) too.
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { removeFileCapabilities } from './file-caps.ts'

export async function run({ positionals }: ScannedLink, out: Output): Promise<void> {
  const removed = positionals.map(path => ({ path, had: removeFileCapabilities(path) }))
  if (out.json) out.data(removed)
}
