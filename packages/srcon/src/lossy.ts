// What other runtimes would leave out of a config of ours: annotations that they do not know. Some of them
// change nothing there, or a runtime without them does more than was asked. See docs/plan.md.
import type { OciConfig } from '@srcon/kit/config'

const PREFIX = 'dev.srcon.'

/** Without them a runtime's container is not weaker. */
const HARMLESS = new Set([
  'caps.groups', // A runtime drops groups that ours keeps or looks up.
  'chroot-fs.chroot', // It pivots.
  'chroot-fs.optional', // It makes the directory, or fails.
  'ns-unshare.init',
  'ns-unshare.loopback',
  'ns-unshare.mapCurrentUser',
  'seccomp-filter.widths', // It compares registers anyway.
])

const SAYS: Readonly<Record<string, string>> = {
  'caps.securebits': 'the securebits',
  'caps.pdeathsig': 'the parent-death signal',
  'caps.user': 'the user, which is looked up by name in the root',
  'caps.group': 'the group, which is looked up by name in the root',
  'srcon.timeout-ms': 'the time limit',
  'chroot-fs.root-attributes': 'what the whole tree of the root is made (read-only, nosuid, nodev)',
  'chroot-fs.host': 'the view of the host that covers what is private in it',
  'chroot-fs.read-only': 'that the root is read-only',
  'ns-unshare.setgroups': 'that setgroups is denied or allowed',
  'ns-unshare.propagation': 'the propagation of mounts',
  'ns-unshare.files': 'the files that keep namespaces',
}

export interface Lost {
  readonly annotation: string
  readonly says: string
}

/** What would be lost. Pure. */
export function lostIn({ annotations = {} }: OciConfig): Lost[] {
  return Object.keys(annotations).filter(key => key.startsWith(PREFIX) && !HARMLESS.has(key.slice(PREFIX.length))).map(annotation => {
    const key = annotation.slice(PREFIX.length)
    return { annotation, says: SAYS[key] ?? annotation }
  })
}

/** The config as a runtime shall see it. Pure. */
export function withoutOurs(config: OciConfig): OciConfig {
  const { annotations = {}, ...rest } = config
  const others = Object.entries(annotations).filter(([key]) => !key.startsWith(PREFIX))
  return others.length === 0 ? rest : { ...rest, annotations: Object.fromEntries(others) }
}
