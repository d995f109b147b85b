// The second half of a failure on a command line. The launcher has become what our process was, so its
// keeper starts this bin again, in the caller's untouched state, with what it recorded; the tool that
// owns the step probes the host, and the error is printed as if we had never left.
import { toolErrorOf, type FailureRecord } from './explain.ts'
import { importLink } from './fold.ts'
import type { AnyLink } from './link.ts'
import { EXPLAIN, type Remembered } from './remember.ts'
import { report } from './report.ts'
import type { Step } from './step.ts'

interface Recorded extends FailureRecord {
  /** As it was carried out, without long texts; null where it was too long for a word. */
  readonly plan: { readonly steps: readonly Step[] } | null
}

/** Prints why; sets the exit code of the error. */
export async function explainFailure(own: readonly AnyLink[], words: readonly string[]): Promise<void> {
  const parts = words.filter(word => word.startsWith(EXPLAIN)).map(word => JSON.parse(word.slice(EXPLAIN.length)) as object)
  const { tool, json, modules, plan, ...record } = Object.assign({}, ...parts) as Remembered & Recorded
  const links = [...own, ...(await Promise.all(modules.map(importLink)))]
  process.exitCode = report(toolErrorOf(record, plan?.steps ?? [], links, tool), tool, json)
}
