// `srcon bundle`: the config as an OCI bundle for other runtimes. The root is not copied: a config may name it
// by an absolute path. What only our tools read a runtime ignores without a word, so a config that would be a
// weaker container there is refused. See the runtime-spec, bundle.md.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import type { Call } from '@srcon/kit/cli'
import type { OciConfig } from '@srcon/kit/config'
import { ToolError, usage } from '@srcon/kit/error'
import type { Output } from '@srcon/kit/output'
import type { ScannedLink } from '@srcon/kit/table'
import { lostIn, withoutOurs } from './lossy.ts'
import { wantedConfig } from './source.ts'
import { partsOf } from './steps.ts'

const DEFAULT_COMMAND = ['sh']

export async function run(link: ScannedLink, out: Output, call: Call): Promise<void> {
  if (call.standard.plan !== undefined || call.standard['dry-run'] !== undefined) throw usage('srcon', 'bundle makes no plan', 'srcon plan … -- COMMAND')
  const [folder = ''] = link.positionals
  const { config, facts } = await wantedConfig(link, call)
  // What we could not carry out ourselves is no container to hand on.
  partsOf(config, facts)
  const lost = lostIn(config)
  if (lost.length > 0 && !link.given.some(({ name }) => name === 'lossy')) {
    throw new ToolError('srcon', `a runtime would leave out: ${lost.map(({ says }) => says).join('; ')}`, { code: 'E_REFUSED', why: 'OCI has no word for it, and runtimes ignore annotations that they do not know', hint: 'leave it out, or write the bundle all the same with --lossy' })
  }
  const path = place(folder, call.text(complete(withoutOurs(config), call)))
  if (out.json) out.data({ bundle: resolve(folder), config: path, lost: lost.map(({ annotation }) => annotation) })
}

/** What runtimes demand and our tools leave out. Throws a ToolError where there is no root. */
function complete(config: OciConfig, { command }: Call): OciConfig {
  const { root, process, mounts } = config
  if (root === undefined) throw new ToolError('srcon', 'the config has no root', { code: 'E_INPUT', why: 'OCI bundles have one', hint: 'add --root DIR, or chroot-fs DIR to the pipe' })
  const args = command && command.length > 0 ? command : (process?.args ?? DEFAULT_COMMAND)
  return {
    ...config,
    root: { ...root, path: isAbsolute(root.path) ? root.path : resolve(root.path) },
    process: { terminal: false, user: { uid: 0, gid: 0 }, cwd: '/', ...process, args },
    mounts: mounts ?? [],
  }
}

/** Only into an empty directory: nothing of anybody's is written over. */
function place(folder: string, text: string): string {
  const path = join(folder, 'config.json')
  try {
    mkdirSync(folder, { recursive: true })
    if (readdirSync(folder).length > 0) throw new ToolError('srcon', `${folder} is not empty`, { code: 'EEXIST', path: folder, hint: 'name a new directory' })
    writeFileSync(path, text, { flag: 'wx' })
  } catch (cause) {
    if (cause instanceof ToolError) throw cause
    const { code = 'E_HOST', syscall } = cause as NodeJS.ErrnoException
    throw new ToolError('srcon', `cannot write the bundle ${folder}: ${code}${syscall ? ` (${syscall})` : ''}`, { code, syscall, path, cause })
  }
  return path
}
