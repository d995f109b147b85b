// Where the config of run, plan and bundle comes from: as with every filter argv decides, and stdin by its rule.
import { fstatSync } from 'node:fs'
import type { Call } from '@srcon/kit/cli'
import type { OciConfig } from '@srcon/kit/config'
import type { Given, ScannedLink } from '@srcon/kit/table'
import { extendConfig, newContainer } from './configure.ts'
import { readFacts } from './host.ts'
import type { Facts } from './tools.ts'

export interface Wanted {
  readonly config: OciConfig
  readonly facts: Facts
  /** stdin was read to its end: the command cannot have it. */
  readonly tookStdin: boolean
}

/** The config of the container. Throws a ToolError. */
export async function wantedConfig({ given }: ScannedLink, call: Call): Promise<Wanted> {
  const facts = readFacts()
  const path = call.standard.config
  // Both at once is the frame's to refuse.
  const isNew = path === undefined && (call.standard.new !== undefined || fstatSync(0).isCharacterDevice())
  if (isNew) return { config: newContainer(given, facts), facts, tookStdin: false }
  const read = await call.config()
  // The last read is pending for Node until its callback has returned, and a process with work pending becomes nothing.
  await new Promise(setImmediate)
  const only = onlyRoot(read)
  const host = only === undefined && onlyHost(read)
  const config = host ? newContainer(given, facts) : only === undefined ? extendConfig(read, given, facts) : newContainer(withRoot(given, only), facts)
  return { config, facts, tookStdin: path === undefined || path === '-' }
}

/** The root of a config that says nothing else, as a path on stdin does: it chose no walls, so it gets them all. */
function onlyRoot(config: OciConfig): string | undefined {
  const { root } = config
  const more = Object.keys(config).some(key => key !== 'ociVersion' && key !== 'root')
  return root === undefined || more || Object.keys(root).some(key => key !== 'path') ? undefined : root.path
}

/** The same of a config that names nothing but the host's own tree: that is the root of a new container. */
function onlyHost({ annotations = {}, ...config }: OciConfig): boolean {
  const [key, ...more] = Object.keys(annotations)
  const { root } = config
  return key === 'dev.srcon.chroot-fs.host' && annotations[key] === 'true' && more.length === 0 && root !== undefined && onlyRoot({ ...config, root: { path: root.path } }) === '/'
}

function withRoot(given: readonly Given[], path: string): readonly Given[] {
  return given.some(({ name }) => name === 'root') ? given : [{ name: 'root', value: path }, ...given]
}
