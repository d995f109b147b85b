// The tool that can explain a step, for a library: there nobody has named it, but its package, if it
// is installed beside kit, says where its link is, as it does for folding. See docs/architecture.md.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolder } from '../addon.ts'
import { importLink } from '../fold.ts'
import type { AnyLink } from '../link.ts'
import type { Step } from '../step.ts'

/** Whose steps begin with which word. */
const PACKAGES: Readonly<Record<string, string>> = { ns: 'ns-unshare', fs: 'chroot-fs', cgroup: 'cgroup-ctl', caps: 'caps', seccomp: 'seccomp-filter' }

/** The link of the tool that owns this step; none: it is not installed, and the error says less. */
export async function ownersOf(step: Step | undefined): Promise<AnyLink[]> {
  const name = PACKAGES[step?.do.split('.')[0] ?? '']
  const folder = name && packageFolder(name, import.meta.url)
  if (!folder) return []
  try {
    const { srcon } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { srcon?: { link?: string } }
    return srcon?.link === undefined ? [] : [await importLink(join(folder, srcon.link))]
  } catch {
    return [] // Not built: the failure itself matters more.
  }
}
