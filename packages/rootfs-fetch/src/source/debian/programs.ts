// The programs that make a Debian, and which of them is taken: what is missing is said with the command that installs it.
import { accessSync, constants } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { ToolError, usage } from '@srcon/kit/error'
import { tool } from '../../native.ts'
import type { Bootstrap, DebianWish, Variant } from './wish.ts'

export interface Program {
  readonly name: Bootstrap
  /** Absolute. */
  readonly path: string
}

const variantsOf: Readonly<Record<Bootstrap, readonly Variant[]>> = {
  mmdebstrap: ['essential', 'apt', 'required', 'minbase', 'buildd', 'important', 'standard'],
  debootstrap: ['minbase', 'buildd', 'important'],
}

const installs = (name: string): string => `apt-get install ${name}`

/** The first of PATH, and of where programs of an administrator lie. */
export function programAt(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(':').filter(isAbsolute), '/usr/sbin', '/usr/bin', '/sbin', '/bin']
  return folders.map(folder => join(folder, name)).find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** `ended`: the suite's support is over, and its keys expired: debootstrap knows how to live with that. Throws a ToolError `E_HOST`, `E_USAGE`. */
export function chooseProgram({ bootstrap, variant }: DebianWish, ended: boolean, isRoot: boolean, at = programAt): Program {
  if (bootstrap === 'debootstrap' && !isRoot) throw new ToolError(tool, 'debootstrap needs root', { code: 'E_HOST', why: 'it makes devices and changes its root', hint: 'leave --bootstrap out: mmdebstrap does it in a user namespace' })
  const order: readonly Bootstrap[] = bootstrap !== undefined ? [bootstrap] : !isRoot ? ['mmdebstrap'] : ended ? ['debootstrap', 'mmdebstrap'] : ['mmdebstrap', 'debootstrap']
  const able = order.filter(name => variantsOf[name].includes(variant))
  if (able.length === 0) throw usage(tool, `${order[0]} has no variant '${variant}'`, `it has ${variantsOf[order[0] ?? 'debootstrap'].join(', ')}; mmdebstrap has all`)
  for (const name of able) {
    const path = at(name)
    if (path !== undefined) return { name, path }
  }
  const other = order.find(name => !able.includes(name) && at(name) !== undefined)
  const why = other !== undefined ? `${other} is here, and has no variant '${variant}'` : !isRoot && at('debootstrap') !== undefined ? 'debootstrap is here, and needs root' : undefined
  const [first = 'mmdebstrap'] = bootstrap === undefined ? (['mmdebstrap'] as const) : able
  throw new ToolError(tool, `there is no ${able.join(' and no ')} here, which makes a Debian`, { code: 'E_HOST', why, hint: installs(first) })
}
