// `caps set-file`: gives files capabilities, as setcap(8) does; read back afterwards.
import { usage } from '@srcon/kit/error'
import { parseId } from '@srcon/kit/number'
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { setFileCapabilities } from './file-caps.ts'

/** `--root-id` of the words. */
export function rootIdOf({ given }: ScannedLink): number | undefined {
  const value = given.find(({ name }) => name === 'root-id')?.value
  return typeof value === 'string' ? parseId('caps', '--root-id', value) : undefined
}

export async function run(link: ScannedLink, out: Output): Promise<void> {
  const [text = '', ...paths] = link.positionals
  if (paths.length === 0) throw usage('caps', 'set-file: FILE is missing')
  const set = paths.map(path => ({ path, text: setFileCapabilities(path, text, { rootId: rootIdOf(link) }).text }))
  if (out.json) out.data(set)
}
