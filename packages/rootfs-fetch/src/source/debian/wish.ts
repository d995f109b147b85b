// What is wished of a Debian, its words checked: they become words of a program.
import { usage } from '@srcon/kit/error'
import type { DebianOptions } from '../../debian-options.ts'
import { tool } from '../../native.ts'

export const variants = ['essential', 'apt', 'required', 'minbase', 'buildd', 'important', 'standard'] as const
export type Variant = (typeof variants)[number]
export type Bootstrap = 'mmdebstrap' | 'debootstrap'

export interface DebianWish {
  readonly variant: Variant
  /** Sorted, none twice. */
  readonly include: readonly string[]
  readonly components: readonly string[]
  readonly bootstrap: Bootstrap | undefined
}

/** Pure; throws a ToolError `E_USAGE`. */
export function readDebian({ variant = 'minbase', include = [], components = ['main'], bootstrap }: DebianOptions): DebianWish {
  const known = variants.find(each => each === variant)
  if (known === undefined) throw usage(tool, `'${variant}' is no variant`, `one of ${variants.join(', ')}`)
  for (const name of include) if (!/^[a-z0-9][a-z0-9+.-]{1,127}$/.test(name)) throw usage(tool, `--include: '${name}' is no name of a package`, 'names as Debian writes them, with commas between them: ca-certificates,curl')
  for (const name of components) if (!/^[a-z][a-z0-9-]{0,39}$/.test(name)) throw usage(tool, `--components: '${name}' is no component`, 'for example main,contrib,non-free-firmware')
  if (bootstrap !== undefined && bootstrap !== 'mmdebstrap' && bootstrap !== 'debootstrap') throw usage(tool, `'${bootstrap}' makes no Debian`, 'mmdebstrap or debootstrap')
  return { variant: known, include: [...new Set(include)].sort(), components: [...new Set(components)], bootstrap }
}
