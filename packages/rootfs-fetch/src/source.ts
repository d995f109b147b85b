// What a tree is made from, as users write it: `alpine`, `alpine:3.20`, `tar FILE`, `tar:FILE`.
import { usage } from '@srcon/kit/error'

export type Source =
  | { readonly kind: 'alpine'; readonly version: string | undefined }
  | { readonly kind: 'tar'; readonly file: string }

const tool = 'rootfs-fetch'
const kinds = 'alpine[:VERSION], tar FILE'

/** `3.20`, `3.20.3`, `3.21.0_rc1`, `edge`, `latest-stable`. */
const version = /^(?:\d{1,3}\.\d{1,3}(?:\.\d{1,3}(?:_rc\d{1,2})?)?|edge|latest-stable)$/

/** From words to a source; throws a ToolError `E_USAGE`. */
export function parseSource(word: string, file?: string): Source {
  const colon = word.indexOf(':')
  const kind = colon < 0 ? word : word.slice(0, colon)
  const rest = colon < 0 ? undefined : word.slice(colon + 1)
  if (kind === 'tar') {
    const path = rest ?? file
    if (path === undefined || path === '') throw usage(tool, 'tar needs a file', 'rootfs-fetch tar FILE')
    if (rest !== undefined && file !== undefined) throw usage(tool, `two files: ${rest} and ${file}`)
    return { kind, file: path }
  }
  if (kind !== 'alpine') throw usage(tool, `unknown source '${word}'`, `one of ${kinds}`)
  if (file !== undefined) throw usage(tool, `unexpected argument '${file}'`, 'alpine takes its version behind a colon: alpine:3.20')
  if (rest !== undefined && !version.test(rest)) throw usage(tool, `'${rest}' is no version of Alpine`, 'for example alpine:3.20, alpine:3.20.3, alpine:edge')
  return { kind, version: rest }
}
