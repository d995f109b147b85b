// `caps supports`: whether this kernel knows something; the exit code says it, nothing is printed. Asked of the
// kernel, not worked out from its version: a vendor's kernel has what was ported back to it.
import { lastCap, readText } from '@srcon/kit/host'
import { usage } from '@srcon/kit/error'
import type { Output } from '@srcon/kit/output'
import { nearest } from '@srcon/kit/suggest'
import type { ScannedLink } from '@srcon/kit/table'
import { NAMES, normalName, numberOf } from './names.ts'
import { native } from './native.ts'

/** Beside capabilities, what can be asked for. */
export const FEATURES = {
  ambient: () => status('CapAmb') !== undefined,
  'no-new-privs': () => status('NoNewPrivs') !== undefined,
  securebits: () => native().securebits() !== null,
  'file-capabilities': () => !/(?:^| )no_file_caps(?: |$)/.test(readText('/proc/cmdline') ?? ''),
  'user-namespaces': () => readText('/proc/self/uid_map') !== undefined,
  'tracepoint': () => tracepoint(),
} satisfies Record<string, () => boolean>

export type Feature = keyof typeof FEATURES

/** Whether the kernel knows a capability, by name or number, or has a feature. Throws a ToolError `E_USAGE` for a word that is neither. */
export function supports(what: string): boolean {
  const word = what.toLowerCase()
  if (Object.hasOwn(FEATURES, word)) return FEATURES[word as Feature]()
  const number = /^\d{1,2}$/.test(word) ? Number(word) : numberOf(normalName(word) ?? '')
  if (number !== undefined && number < 64) return number <= lastCap()
  const close = nearest(word.replace(/^cap_/, ''), [...Object.keys(FEATURES), ...NAMES.map(name => name.slice(4).toLowerCase())])
  throw usage('caps', `supports: '${what}' is neither a capability nor a feature`, close === undefined ? `features: ${Object.keys(FEATURES).join(', ')}` : `did you mean ${close}?`)
}

function status(name: string): string | undefined {
  return new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(readText('/proc/self/status') ?? '')?.[1]
}

/** The kernel's record of capability checks, which `caps why` reads. Only root can ask. */
function tracepoint(): boolean {
  const error = native().startTrace()
  native().endTrace()
  return error === null
}

export async function run({ positionals: [what = ''] }: ScannedLink, out: Output): Promise<void> {
  const answer = supports(what)
  if (out.json) out.data({ what, supported: answer })
  if (!answer) process.exitCode = 1
}
