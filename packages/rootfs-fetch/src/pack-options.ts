// What `pack` accepts; apart from the verb itself, which is loaded only when it runs.
import type { VerbRow } from '@srcon/kit/table'

export const packVerb: VerbRow = {
  about: 'Make a reproducible tar archive of a tree',
  positionals: [{ name: 'DIR', about: 'the tree', required: true, completes: 'directory' }],
  options: {
    output: { takes: 'value', short: 'o', meta: 'FILE', completes: 'file', about: 'the archive: .tar, .tar.gz (.tgz) or .tar.zst by its name' },
    latest: { takes: 'value', meta: 'SECONDS', about: 'later times become this one, seconds since 1970', more: 'Default: SOURCE_DATE_EPOCH, else times stay as they are.' },
  },
}
