// From words, or from the library's options, to what is wanted. Pure: no path is looked up here.
import { usage } from '@srcon/kit/error'
import type { Given, ScannedLink } from '@srcon/kit/table'
import { readBind, readTarget, readTmpfs } from './mount-words.ts'
import type { ChrootOptions, Mount, Overlay } from './root-options.ts'
import { bindProc, cgroups, DEFAULT_MASKED_PATHS, DEFAULT_READ_ONLY_PATHS, dev, proc, sys } from './standard-mounts.ts'

const tool = 'chroot-fs'

/** As the options on the command line. Mounts are made in the order of the fields here. */
export interface RootOptions {
  readonly proc?: boolean
  readonly bindProc?: boolean
  readonly sys?: boolean
  readonly dev?: boolean
  /** `true` is `'ro'`. */
  readonly cgroups?: boolean | 'ro' | 'rw'
  /** `SRC:DST[:OPT,…]`, one or several. */
  readonly bind?: string | readonly string[]
  readonly rbind?: string | readonly string[]
  /** `DST[:OPT,…]`. */
  readonly tmpfs?: string | readonly string[]
  /** `true`: changes go to a tmpfs; `size=64m`: of that size; else the directory that keeps them. */
  readonly overlay?: boolean | string
  readonly readOnly?: boolean
  readonly mask?: string | readonly string[]
  readonly defaultMasks?: boolean
  /** chroot(2) only: no wall. */
  readonly chroot?: boolean
  readonly workdir?: string
}

/** The words of the command line. Throws a ToolError `E_USAGE`. */
export function read({ given, positionals }: ScannedLink): ChrootOptions {
  const [root, more] = positionals
  if (more !== undefined) throw usage(tool, `only one ROOT is wanted, '${more}' is another`, 'the command stands behind --')
  return optionsOf(root, given)
}

/** The library's options. Throws a ToolError `E_USAGE` that names the option. */
export function checkRoot(root: string | undefined, options: RootOptions): ChrootOptions {
  const given = Object.entries(options).flatMap(([key, value]: [string, unknown]): Given[] => {
    const name = key.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
    if (!Object.hasOwn(readers, name)) throw usage(tool, `there is no option '${key}'`)
    if (value === undefined || value === false) return []
    const values = Array.isArray(value) ? (value as unknown[]) : [value]
    return values.map(each => {
      if (each === true || typeof each === 'string') return { name, value: each }
      throw usage(tool, `--${name}: ${JSON.stringify(each)} is not a text`)
    })
  })
  return optionsOf(root, given)
}

interface Draft {
  readonly mounts: Mount[]
  readonly masks: string[]
  readonly readOnlyPaths: string[]
  overlay?: Overlay
  readOnly?: true
  plain?: true
  workdir?: string
}
type Reader = (draft: Draft, value: string | true) => void

const text = (option: string, value: string | true): string => {
  if (value !== true && value !== '') return value
  throw usage(tool, `${option} needs a value`)
}
const readers: Readonly<Record<string, Reader>> = {
  proc: draft => void draft.mounts.push(proc),
  'bind-proc': draft => void draft.mounts.push(bindProc),
  sys: draft => void draft.mounts.push(sys),
  dev: draft => void draft.mounts.push(...dev),
  cgroups: (draft, value) => {
    if (value !== true && value !== 'ro' && value !== 'rw') throw usage(tool, `--cgroups: '${value}' is neither ro nor rw`)
    draft.mounts.push(cgroups(value === 'rw'))
  },
  bind: (draft, value) => void draft.mounts.push(readBind('--bind', text('--bind', value), false)),
  rbind: (draft, value) => void draft.mounts.push(readBind('--rbind', text('--rbind', value), true)),
  tmpfs: (draft, value) => void draft.mounts.push(readTmpfs('--tmpfs', text('--tmpfs', value))),
  overlay: (draft, value) => void (draft.overlay = readOverlay(value)),
  'read-only': draft => void (draft.readOnly = true),
  mask: (draft, value) => void draft.masks.push(readTarget('--mask', text('--mask', value))),
  'default-masks': draft => {
    draft.masks.push(...DEFAULT_MASKED_PATHS)
    draft.readOnlyPaths.push(...DEFAULT_READ_ONLY_PATHS)
  },
  chroot: draft => void (draft.plain = true),
  workdir: (draft, value) => {
    const path = text('--workdir', value)
    if (!path.startsWith('/')) throw usage(tool, `--workdir: '${path}' is not absolute`, 'paths in the new root begin with /')
    draft.workdir = path
  },
}

function readOverlay(value: string | true): Overlay {
  if (value === true) return {}
  if (value === '') throw usage(tool, '--overlay= needs a directory, or a size')
  if (!value.startsWith('size=')) return { path: value }
  const size = value.slice('size='.length)
  if (/^[1-9]\d*[kmgKMG]?$/.test(size)) return { size }
  throw usage(tool, `--overlay: '${size}' is no size of a tmpfs`, 'for example --overlay=size=64m')
}

function optionsOf(root: string | undefined, given: readonly Given[]): ChrootOptions {
  if (root === '') throw usage(tool, 'ROOT is empty')
  const draft: Draft = { mounts: [], masks: [], readOnlyPaths: [] }
  for (const { name, value } of given) readers[name]?.(draft, value)
  const all = given.map(({ name }) => name)
  if (all.includes('proc') && all.includes('bind-proc')) throw usage(tool, '--proc and --bind-proc exclude each other')
  if (draft.plain && root === undefined) throw usage(tool, '--chroot needs a ROOT', 'chroot-fs DIR --chroot -- COMMAND')
  return { ...(root === undefined ? {} : { root }), ...draft }
}
