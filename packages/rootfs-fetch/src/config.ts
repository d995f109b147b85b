// The config form: `--config` sets `root.path` in a config and leaves all else as it is.
import { createReadStream } from 'node:fs'
import { annotate, annotation, newConfig, type OciConfig } from '@srcon/kit/config'
import { ToolError } from '@srcon/kit/error'
import { failedCall, tool } from './native.ts'
import type { Use } from './source/kind.ts'

/** Largest config, bytes. */
const LIMIT = 16 << 20

/** The config with this root; what else its root said stays. Unless the root is read-only, an overlay keeps a tree that others
 *  share from being written; of the host's own tree there is a view. chroot-fs knows both annotations. Pure. */
export function withRoot(config: OciConfig, path: string, use: Use = 'shared'): OciConfig {
  const rooted = { ...config, root: { ...config.root, path } }
  if (use === 'own') return rooted
  // Another runtime, which knows no view, has it read-only at least.
  if (use === 'host') return annotate({ ...rooted, root: { ...rooted.root, readonly: true } }, 'chroot-fs', 'host', true)
  return config.root?.readonly === true || annotation(config, 'chroot-fs', 'overlay') !== undefined ? rooted : annotate(rooted, 'chroot-fs', 'overlay', {})
}

/** Reads the config that `--config` names: a file, `-` for stdin, or `new`. Throws a ToolError `E_INPUT`. */
export async function readConfig(word: string): Promise<OciConfig> {
  if (word === 'new') return newConfig()
  const name = word === '-' ? 'stdin' : word
  const text = await read(word, name)
  const wrong = (message: string, why?: string, hint?: string): ToolError => new ToolError(tool, `${name}: ${message}`, { code: 'E_INPUT', path: name, why, hint })
  if (text === '') throw wrong('no config', 'a pipe or file without a byte means that what should have written it failed', '--config new starts a new one')
  let config: unknown
  try {
    config = JSON.parse(text)
  } catch (cause) {
    throw wrong('not one JSON document', (cause as Error).message)
  }
  if (typeof config !== 'object' || config === null || typeof (config as OciConfig).ociVersion !== 'string') throw wrong('not a config: ociVersion is missing')
  const root: unknown = (config as OciConfig).root
  if (root !== undefined && (typeof root !== 'object' || root === null || Array.isArray(root))) throw wrong('not a config: root is not an object')
  const lost = inexact(config)
  if (lost !== undefined) throw wrong(`the number at ${lost} is larger than can be written back exactly`, undefined, 'put rootfs-fetch first: … | tools read the path that it prints')
  return config as OciConfig
}

async function read(word: string, name: string): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  try {
    for await (const part of (word === '-' ? process.stdin : createReadStream(word)) as AsyncIterable<Buffer>) {
      size += part.length
      if (size > LIMIT) throw new ToolError(tool, `${name}: larger than 16 MiB`, { code: 'E_INPUT', path: name })
      parts.push(part)
    }
  } catch (cause) {
    throw cause instanceof ToolError ? cause : failedCall(`cannot read the config on ${name}`, cause, name)
  }
  return Buffer.concat(parts).toString()
}

/** Where a number is that JavaScript does not hold digit by digit. */
function inexact(value: unknown, at = ''): string | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value) ? at : undefined
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, inner] of Object.entries(value)) {
    const found = inexact(inner, at === '' ? key : `${at}.${key}`)
    if (found !== undefined) return found
  }
  return undefined
}
