// The sums that a caller gives: they come from elsewhere than the archive, so they show forgery too.
import { readSum, type Digest } from './digest.ts'
import type { FetchOptions } from './fetch.ts'

/** `--sha256`, `--sha512`, as digests; throws a ToolError `E_USAGE`. */
export function pinnedDigests({ sha256, sha512 }: FetchOptions): readonly Digest[] {
  return [
    ...(sha512 === undefined ? [] : [readSum('--sha512', 'sha512', sha512)]),
    ...(sha256 === undefined ? [] : [readSum('--sha256', 'sha256', sha256)]),
  ]
}
