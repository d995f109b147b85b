// The tools, and what each of them knows of this host: read once, and only when it is needed.
import { link as caps } from '@srcon/caps/link'
import { link as cgroup } from '@srcon/cgroup-ctl/link'
import { link as fs } from '@srcon/chroot-fs/link'
import type { AnyLink } from '@srcon/kit/link'
import { link as ns } from '@srcon/ns-unshare/link'
import { link as seccomp } from '@srcon/seccomp-filter/link'

export { caps, cgroup, fs, ns, seccomp }

export const links: readonly AnyLink[] = [cgroup, ns, fs, caps, seccomp]

type FactsOf<L extends { facts(): unknown }> = () => ReturnType<L['facts']>

export interface Facts {
  readonly ns: FactsOf<typeof ns>
  readonly fs: FactsOf<typeof fs>
  readonly cgroup: FactsOf<typeof cgroup>
  readonly caps: FactsOf<typeof caps>
  readonly seccomp: FactsOf<typeof seccomp>
  /** A variable of the caller. */
  readonly env: (name: string) => string | undefined
  readonly isDirectory: (path: string) => boolean
}
