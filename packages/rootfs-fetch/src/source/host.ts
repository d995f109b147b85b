// The source `host`: this host's own tree as `srcon run` has it without a root. What that is, read-only as a whole with what is
// private covered, is said in one place: chroot-fs's host-root.ts. Here it is only named, by an annotation; so what is printed is a
// config and not the path `/`, behind which a container could write to the host.
import { usage } from '@srcon/kit/error'
import { tool } from '../native.ts'
import { osRelease } from '../os-release.ts'
import { refuseForTree } from './dir.ts'
import type { Found, SourceKind, Wanted } from './kind.ts'

export const kind: SourceKind = {
  read({ rest, file }, options): Wanted {
    if (rest !== undefined || file !== undefined) throw usage(tool, 'host takes no argument', 'another directory: rootfs-fetch dir PATH')
    refuseForTree('host', options)
    return { source: 'host', find: async () => await Promise.resolve(found()) }
  },
}

function found(): Found {
  const os = osRelease('/')
  return { source: 'host', version: os?.version, archives: [], tree: '/', use: 'host', verified: [], warnings: [], facts: os ? { os } : {} }
}
