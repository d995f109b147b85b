// The second half of a failure on a command line. The launcher has become what our process was, so its
// keeper starts this bin again, in the caller's untouched state, with what it recorded; the tool that
// owns the step probes the host, and the error is printed as if we had never left.
import { readFileSync } from 'node:fs'
import { report } from './cli.ts'
import { toolErrorOf, type ExplainRequest } from './explain.ts'
import { importLink } from './fold.ts'
import type { AnyLink } from './link.ts'

const OPTION = /^--srcon-explain=?/

/** Prints why; ends with the code of the error. */
export async function explainFailure(own: AnyLink, words: readonly string[]): Promise<void> {
  const { tool, json, modules = [], steps = [], failure } = readRequest(words)
  const links = [own, ...(await Promise.all(modules.map(importLink)))]
  process.exitCode = report(tool, toolErrorOf(failure, steps, links, tool), json)
}

/** Our own words came back with what the launcher knows: one object after another, later ones add. `-` is stdin. */
function readRequest(words: readonly string[]): ExplainRequest {
  const texts = words.map(word => word.replace(OPTION, '')).filter(Boolean)
  const parts = texts.map(text => JSON.parse(text === '-' ? readFileSync(0, 'utf8') : text) as object)
  return Object.assign({}, ...parts) as ExplainRequest
}
