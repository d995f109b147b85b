// Whose steps are these? A library call has steps, but not the tools' links: they are found where the
// tools are installed, beside kit, and only when a failure is to be explained.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { importLink } from './fold.ts'
import type { AnyLink } from './link.ts'
import type { Step } from './step.ts'

/** The links of the tools that own these steps, as far as they are installed and built. Never throws. */
export async function ownersOf(steps: readonly Step[], from: string = import.meta.url): Promise<AnyLink[]> {
  const wanted = new Set(steps.map(step => step.do.split('.')[0] ?? ''))
  const found: AnyLink[] = []
  for (const module of linkModules(from)) {
    const missing = [...wanted].some(prefix => !found.some(({ owns }) => owns.includes(prefix)))
    if (!missing) break
    const link = await importLink(module).catch(() => undefined)
    if (link?.owns.some(prefix => wanted.has(prefix))) found.push(link)
  }
  return found
}

/** Link modules of all tools that the module `from` can see, nearest first. */
function* linkModules(from: string): Iterable<string> {
  for (let at = dirname(fileURLToPath(from)); at !== dirname(at); at = dirname(at)) {
    for (const folder of [...entries(join(at, 'node_modules/@srcon')), join(at, 'node_modules/srcon')]) {
      const module = moduleOf(folder)
      if (module !== undefined) yield module
    }
  }
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder).map(name => join(folder, name))
  } catch {
    return []
  }
}

function moduleOf(folder: string): string | undefined {
  try {
    const { srcon } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { srcon?: { protocol?: unknown; link?: unknown } }
    return srcon?.protocol === 1 && typeof srcon.link === 'string' ? join(folder, srcon.link) : undefined
  } catch {
    return undefined
  }
}
