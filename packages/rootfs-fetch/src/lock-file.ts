// The lock file: for each source as it is written, what it was when it was locked. `--locked` takes nothing else.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { ToolError } from '@srcon/kit/error'
import { isDigest, type Digest } from './digest.ts'
import { failedCall, tool } from './native.ts'

export interface Locked {
  /** With its exact version: `alpine:3.20.3`. */
  readonly source: string
  readonly version?: string | undefined
  readonly arch?: string | undefined
  readonly digests: readonly Digest[]
  readonly signedBy?: string | undefined
}

export type LockFile = Readonly<Record<string, Locked>>

/** Undefined where there is none. Throws a ToolError `E_INPUT`. */
export function readLock(path: string): LockFile | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw failedCall(`cannot read ${path}`, cause, path)
  }
  const wrong = (why: string): ToolError => new ToolError(tool, `${path} is no lock file`, { code: 'E_INPUT', path, why, hint: 'rootfs-fetch lock SOURCE writes one' })
  let document: { version?: unknown; sources?: unknown } | null
  try {
    document = JSON.parse(text) as { version?: unknown; sources?: unknown } | null
  } catch (cause) {
    throw wrong((cause as Error).message)
  }
  const { version, sources } = document ?? {}
  if (version !== 1 || typeof sources !== 'object' || sources === null) throw wrong('version 1 and sources are missing')
  for (const [name, entry] of Object.entries(sources as Record<string, Locked | null>)) {
    if (typeof entry?.source !== 'string' || !Array.isArray(entry.digests) || entry.digests.length === 0 || !entry.digests.every(isDigest)) throw wrong(`the entry ${JSON.stringify(name)} has no source and digests`)
  }
  return sources as LockFile
}

/** What a source is locked to; throws a ToolError where it is not. */
export function lockedTo(path: string, name: string): Locked {
  const lock = readLock(path)
  if (!lock) throw new ToolError(tool, `there is no lock file ${path}`, { code: 'E_NOT_FOUND', path, hint: `rootfs-fetch lock ${name}` })
  const entry = Object.hasOwn(lock, name) ? lock[name] : undefined
  if (!entry) throw new ToolError(tool, `${name} is not in ${path}`, { code: 'E_REFUSED', path, why: `it holds ${Object.keys(lock).join(', ') || 'nothing'}`, hint: `rootfs-fetch lock ${name}` })
  return entry
}

/** Adds an entry to the file, or makes the file. */
export function writeLock(path: string, name: string, entry: Locked): void {
  const sources = { ...readLock(path), [name]: entry }
  const sorted = Object.fromEntries(Object.entries(sources).sort(([a], [b]) => (a < b ? -1 : 1)))
  try {
    writeFileSync(`${path}.new`, `${JSON.stringify({ version: 1, sources: sorted }, undefined, 2)}\n`)
    renameSync(`${path}.new`, path)
  } catch (cause) {
    throw failedCall(`cannot write ${path}`, cause, path)
  }
}
