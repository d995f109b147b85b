// A root as OCI says it: root, mounts, process.cwd, linux.maskedPaths and readonlyPaths. What OCI has no
// word for goes into annotations. See the runtime-spec, config.md.
import { join } from 'node:path'
import { annotate, annotation, type OciConfig, type OciMount } from '@srcon/kit/config'
import { ToolError } from '@srcon/kit/error'
import { DEVICES } from './devices.ts'
import type { ChrootFacts } from './facts.ts'
import { hostRoot } from './host-root.ts'
import { fromOci, toOci } from './oci-mounts.ts'
import { ATTRIBUTES, type Attribute, type ChrootOptions, type Mount, type Overlay } from './root-options.ts'

const tool = 'chroot-fs'

/** Adds the root and its mounts; a mount on the same target is replaced. Relative paths are made absolute: a
 *  config's own are relative to its bundle. Pure. */
export function configure(config: OciConfig, options: ChrootOptions, facts: ChrootFacts): OciConfig {
  const absolute = (path: string): string => (path.startsWith('/') ? path : join(directory(facts), path))
  const { root, readOnly, workdir, masks, readOnlyPaths } = options
  const path = root === undefined ? config.root?.path : absolute(root)
  const { maskedPaths = [], readonlyPaths = [] } = config.linux ?? {}
  const linux = {
    ...config.linux,
    ...(masks.length === 0 ? {} : { maskedPaths: union(maskedPaths, masks) }),
    ...(readOnlyPaths.length === 0 ? {} : { readonlyPaths: union(readonlyPaths, readOnlyPaths) }),
  }
  const mounts = options.mounts.map(mount => toOci(mount, absolute))
  const changed: OciConfig = {
    ...config,
    ...(path === undefined ? {} : { root: { ...config.root, path, ...(readOnly ? { readonly: true } : {}) } }),
    ...(mounts.length === 0 ? {} : { mounts: replace(config.mounts ?? [], mounts) }),
    ...(workdir === undefined ? {} : { process: { ...config.process, cwd: workdir } }),
    ...(Object.keys(linux).length === 0 ? {} : { linux }),
  }
  const overlay = options.overlay?.path === undefined ? options.overlay : { path: absolute(options.overlay.path) }
  return annotated(changed, { ...options, ...(overlay === undefined ? {} : { overlay }) }, path === undefined)
}

/** What OCI cannot say. A read-only root without a path: an OCI root needs one. */
function annotated(config: OciConfig, { plain, rootAttributes, mounts, readOnly, overlay }: ChrootOptions, pathless: boolean): OciConfig {
  const optional = mounts.filter(mount => mount.type !== 'bind' && mount.optional).map(({ target }) => target)
  const notes: [string, unknown][] = [
    ['chroot', plain],
    ['root-attributes', rootAttributes],
    ['overlay', overlay],
    ['optional', optional.length === 0 ? undefined : union((annotation(config, tool, 'optional') ?? []) as string[], optional)],
    ['read-only', pathless ? readOnly : undefined],
  ]
  return notes.filter(([, value]) => value !== undefined).reduce((all, [key, value]) => annotate(all, tool, key, value), config)
}

/** The options that a config stands for; undefined where it says nothing of roots and mounts. Throws a
 *  ToolError `E_INPUT` for what no step of ours carries out. Pure. */
export function fromConfig(config: OciConfig): ChrootOptions | undefined {
  const { root, mounts = [], linux = {} } = config
  const workdir = config.process?.cwd
  const masks = linux.maskedPaths ?? []
  const readOnlyPaths = linux.readonlyPaths ?? []
  refusePropagation(linux.rootfsPropagation)
  refuseDevices(linux['devices'])
  if (workdir !== undefined && !workdir.startsWith('/')) throw new ToolError(tool, `process.cwd '${workdir}' is not absolute`, { code: 'E_INPUT', hint: 'paths in the new root begin with /' })
  const plain = annotation(config, tool, 'chroot') === true
  const rootAttributes = attributesOf(annotation(config, tool, 'root-attributes'))
  const readOnly = root?.readonly === true || annotation(config, tool, 'read-only') === true
  const overlay = overlayOf(annotation(config, tool, 'overlay'))
  const said = [root, overlay, workdir, mounts[0], masks[0], readOnlyPaths[0], rootAttributes, plain || undefined, readOnly || undefined]
  if (said.every(each => each === undefined)) return undefined
  const optional = (annotation(config, tool, 'optional') ?? []) as readonly string[]
  const options: ChrootOptions = {
    ...(root === undefined ? {} : { root: root.path }),
    ...(rootAttributes === undefined ? {} : { rootAttributes }),
    ...(overlay === undefined ? {} : { overlay }),
    ...(readOnly ? { readOnly: true } : {}),
    ...(plain ? { plain: true } : {}),
    ...(workdir === undefined ? {} : { workdir }),
    mounts: mounts.map(fromOci).map(mount => withOptional(mount, optional)),
    masks,
    readOnlyPaths,
  }
  return isHostView(config) ? hostRoot(options) : options
}

/** The annotation `host`: the root is the host's own tree, and all that hostRoot covers of it is covered. Throws a ToolError. */
function isHostView(config: OciConfig): boolean {
  const value = annotation(config, tool, 'host')
  if (value === undefined || value === false) return false
  const wrong = (why: string): ToolError => new ToolError(tool, 'the annotation dev.srcon.chroot-fs.host is not usable', { code: 'E_INPUT', why })
  if (value !== true) throw wrong('it is neither true nor false')
  if (config.root?.path !== '/') throw wrong(`root.path is '${config.root?.path ?? ''}', and the view is of /`)
  if (annotation(config, tool, 'overlay') !== undefined) throw wrong('the host\'s own tree cannot be the lower layer of an overlay: what is mounted in it would be missing')
  return true
}

function withOptional(mount: Mount, optional: readonly string[]): Mount {
  return mount.type !== 'bind' && optional.includes(mount.target) ? { ...mount, optional: true } : mount
}

function overlayOf(value: unknown): Overlay | undefined {
  if (value === undefined) return undefined
  const { path, size, ...more } = (typeof value === 'object' && value !== null ? value : { more: value }) as Record<string, unknown>
  const text = (each: unknown): each is string | undefined => each === undefined || typeof each === 'string'
  if (text(path) && text(size) && Object.keys(more).length === 0) return { ...(path === undefined ? {} : { path }), ...(size === undefined ? {} : { size }) }
  throw new ToolError(tool, 'the annotation dev.srcon.chroot-fs.overlay is not usable', { code: 'E_INPUT', why: 'it is no object with path or size', hint: '{} for a tmpfs, or {"path":"/var/lib/box"}' })
}

function attributesOf(value: unknown): readonly Attribute[] | undefined {
  if (value === undefined) return undefined
  if (Array.isArray(value) && value.every(each => (ATTRIBUTES as readonly unknown[]).includes(each))) return value as Attribute[]
  throw new ToolError(tool, 'the annotation dev.srcon.chroot-fs.root-attributes is not usable', { code: 'E_INPUT', why: 'it is no list of attributes of a mount', hint: `use of: ${ATTRIBUTES.join(', ')}` })
}

/** `slave` is granted less than it asks for: nothing comes in either. */
function refusePropagation(propagation: string | undefined): void {
  if (propagation === undefined || propagation === '' || /^r?(?:private|slave)$/.test(propagation)) return
  throw new ToolError(tool, `cannot make the root's mounts ${propagation}`, { code: 'E_INPUT', why: 'mounts of the container would appear on the host', hint: 'leave linux.rootfsPropagation out, or set it to rprivate' })
}

/** The usual ones are in every new /dev; others would be missing without a word. */
function refuseDevices(devices: unknown): void {
  for (const { path } of (devices ?? []) as readonly { readonly path?: string }[]) {
    if (DEVICES.some(usual => usual === path)) continue
    throw new ToolError(tool, `cannot make the device ${path} of linux.devices`, { code: 'E_INPUT', why: 'no step of ours makes other devices than the usual ones', hint: `bind it instead: --bind ${path}:${path}:dev` })
  }
}

function replace(before: readonly OciMount[], added: readonly OciMount[]): OciMount[] {
  return [...before.filter(({ destination }) => !added.some(each => each.destination === destination)), ...added]
}

function union(before: readonly string[], added: readonly string[]): string[] {
  return [...new Set([...before, ...added])]
}

function directory({ cwd }: ChrootFacts): string {
  if (cwd !== undefined) return cwd
  throw new ToolError(tool, 'cannot make a relative path absolute', { code: 'E_HOST', why: 'the current directory is gone', hint: 'cd somewhere, or write absolute paths' })
}
