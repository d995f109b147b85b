// `ns-unshare show`: the namespaces and id maps of one process, beside our own.
import { statSync } from 'node:fs'
import { ToolError } from '@srcon/kit/error'
import { type IdMapEntry, parseIdMap, readText } from '@srcon/kit/host'
import { parsePid } from '@srcon/kit/number'
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { namespaceOf, type NsType, TYPES } from './inodes.ts'
import { printable } from './list.ts'
import { relationsOf } from './relations.ts'

export interface ShownNamespaces {
  readonly pid: number
  readonly command: string
  readonly namespaces: readonly {
    readonly type: NsType
    /** Undefined where it may not be read; then `error` says why. */
    readonly inode: number | undefined
    readonly error: string | undefined
    /** Whether this process is in the same one. */
    readonly same: boolean | undefined
    readonly ownerUid: number | undefined
    readonly parent: number | undefined
  }[]
  readonly uidMap: readonly IdMapEntry[]
  readonly gidMap: readonly IdMapEntry[]
  readonly setgroups: string | undefined
}

/** Throws a ToolError where there is no such process. */
export function show(pid: number | 'self'): ShownNamespaces {
  const folder = `/proc/${pid}`
  if (!statSync(folder, { throwIfNoEntry: false })) throw new ToolError('ns-unshare', `cannot look at process ${pid}`, { code: 'ENOENT', path: folder, why: 'there is no such process' })
  return {
    pid: pid === 'self' ? process.pid : pid,
    command: printable(readText(`${folder}/comm`) ?? ''),
    namespaces: TYPES.map(type => shownNamespace(pid, type)),
    uidMap: parseIdMap(readText(`${folder}/uid_map`) ?? ''),
    gidMap: parseIdMap(readText(`${folder}/gid_map`) ?? ''),
    setgroups: readText(`${folder}/setgroups`),
  }
}

function shownNamespace(pid: number | 'self', type: NsType): ShownNamespaces['namespaces'][number] {
  const found = namespaceOf(pid, type)
  if (typeof found === 'string') return { type, inode: undefined, error: found, same: undefined, ownerUid: undefined, parent: undefined }
  const { ownerUid, parent } = relationsOf(pid, type)
  return { type, inode: found, error: undefined, same: found === namespaceOf('self', type), ownerUid, parent }
}

const sayMap = (map: readonly IdMapEntry[]): string => map.map(({ inside, outside, count }) => `${inside}:${outside}:${count}`).join(' ') || 'none'

export async function run({ positionals: [word = ''] }: ScannedLink, out: Output): Promise<void> {
  const shown = show(word === 'self' ? 'self' : parsePid('ns-unshare', 'PID', word))
  if (out.json) return out.data(shown)
  out.line(`process    ${shown.pid} ${shown.command}`)
  for (const { type, inode, error, same, ownerUid } of shown.namespaces) {
    const about = inode === undefined ? `not to be seen: ${error}` : `${inode}  ${same ? 'the same as here' : 'another than here'}${ownerUid === undefined ? '' : `, owner ${ownerUid}`}`
    out.line(`${type.padEnd(11)}${about}`)
  }
  out.line(`uid map    ${sayMap(shown.uidMap)}`)
  out.line(`gid map    ${sayMap(shown.gidMap)}`)
  out.line(`setgroups  ${shown.setgroups ?? 'unknown'}`)
}
