// Files of subordinate ids are not the user's to remove, except in a user namespace that maps them.
import { ToolError } from '@srcon/kit/error'
import type { Cache } from '../cache.ts'
import { NoNamespace, ownIds } from '../owners.ts'
import { inNamespace } from './start.ts'

/** Removes what this user could not. Throws `refused`, with what is missing, where a namespace cannot help. */
export async function removeMapped(path: string, cache: Cache, refused: ToolError): Promise<void> {
  const ids = process.geteuid?.() === 0 ? undefined : ownIds()
  if (ids === undefined) throw refused
  if (!('users' in ids)) throw lacking(refused, ids.why, ids.hint)
  try {
    await inNamespace(ids, 'remove', { path, near: cache.root }, { locks: cache.held() })
  } catch (error) {
    if (error instanceof NoNamespace) throw lacking(refused, error.why ?? error.message, error.hint)
    throw error
  }
}

function lacking({ tool, message, code, errno, syscall, path }: ToolError, why: string, hint: string | undefined): ToolError {
  return new ToolError(tool, message, { code, errno, syscall, path, why: `it belongs to subordinate ids, and a user namespace that maps them cannot be made: ${why}`, hint })
}
