// `list SOURCE`: what there is to fetch, and when its support ends.
import { ToolError } from '@srcon/kit/error'
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { escapeControl } from '../escape.ts'
import { withSource } from '../fetch.ts'
import { tool } from '../native.ts'
import { lookOptions, sourceOf } from './wish.ts'

export async function run(link: ScannedLink, out: Output): Promise<void> {
  const rows = await withSource(sourceOf(link), lookOptions(link), async (wanted, ask) => {
    if (!wanted.list) throw new ToolError(tool, `${wanted.source} has no list`, { code: 'E_USAGE', hint: 'lists: alpine, debian, ubuntu, lxc, oci, oci-archive, docker-archive, docker' })
    return await wanted.list(ask)
  })
  if (rows.length === 0 && !out.json) throw new ToolError(tool, 'nothing is there', { code: 'E_NOT_FOUND', hint: 'try another --arch or --mirror' })
  out.table(rows.map(({ source, version, arch, date, eol, note }) => ({
    source: escapeControl(source), version: escapeControl(version ?? ''), arch: arch ?? '', date: date ?? '', eol: eol ?? '', note: note ?? '',
  })))
}
