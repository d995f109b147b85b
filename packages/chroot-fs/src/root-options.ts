// What is wanted of a root: one form that words, configs and the library all become, and steps are made
// of. Mounts are those of OCI, typed; so nothing is lost on the way to a config and back.

/** Attributes of one mount, see mount_setattr(2). They are only ever added. */
export const ATTRIBUTES = ['ro', 'nosuid', 'nodev', 'noexec', 'nosymfollow', 'noatime', 'nodiratime', 'relatime', 'strictatime'] as const
export type Attribute = (typeof ATTRIBUTES)[number]

/** File systems that need no device. `cgroup` is the tree of groups as this host has it, whatever its version. */
export const TYPES = ['proc', 'sysfs', 'tmpfs', 'devpts', 'mqueue', 'cgroup', 'cgroup2'] as const
export type FileSystem = (typeof TYPES)[number]

interface AnyMount {
  /** Absolute, inside the root. */
  readonly target: string
  readonly attributes: readonly Attribute[]
}
export interface NewMount extends AnyMount {
  readonly type: FileSystem
  /** Options of the file system; true: a word without a value. */
  readonly options: Readonly<Record<string, string | true>>
  /** Left out where the target is missing. */
  readonly optional?: true
}
export interface BindMount extends AnyMount {
  readonly type: 'bind'
  /** Looked up when the step acts: relative to the directory of that moment, in the root of that moment. */
  readonly source: string
  /** With all that is mounted below. */
  readonly recursive: boolean
  /** Hold for every mount of a recursive bind. */
  readonly recursiveAttributes: readonly Attribute[]
  /** What is mounted in the source later appears here too. */
  readonly slave?: true
}
export type Mount = NewMount | BindMount

/** Where changes of a root go that is itself never written: a directory, which keeps them, else a tmpfs of this size. */
export interface Overlay {
  readonly path?: string
  /** As tmpfs takes it, `64m`. */
  readonly size?: string
}

export interface ChrootOptions {
  /** Looked up as a bind's source; undefined: the present `/`, or what a config says. */
  readonly root?: string
  /** Attributes of every mount of the root's tree, from the start. */
  readonly rootAttributes?: readonly Attribute[]
  /** The root is never written; changes go there. */
  readonly overlay?: Overlay
  /** The root, but not what is mounted in it. */
  readonly readOnly?: true
  /** chroot(2) only. */
  readonly plain?: true
  readonly workdir?: string
  readonly mounts: readonly Mount[]
  /** Hidden paths inside the root. */
  readonly masks: readonly string[]
  /** Write-protected paths inside the root. */
  readonly readOnlyPaths: readonly string[]
}

const ACCESS_TIMES: readonly string[] = ['noatime', 'relatime', 'strictatime']
const OPPOSITES: Readonly<Record<string, Attribute>> = { rw: 'ro', suid: 'nosuid', dev: 'nodev', exec: 'noexec', symfollow: 'nosymfollow', atime: 'noatime', diratime: 'nodiratime', norelatime: 'relatime', nostrictatime: 'strictatime' }

/** Applies one word of mount(8): `noexec` adds it, `exec` takes it away; undefined: it is no attribute. */
export function applyAttribute(attributes: readonly Attribute[], word: string): readonly Attribute[] | undefined {
  const opposite = Object.hasOwn(OPPOSITES, word) ? OPPOSITES[word] : undefined
  if (opposite) return attributes.filter(each => each !== opposite)
  if (!(ATTRIBUTES as readonly string[]).includes(word)) return undefined
  const others = attributes.filter(each => each !== word && !(ACCESS_TIMES.includes(word) && ACCESS_TIMES.includes(each)))
  return ATTRIBUTES.filter(each => each === word || others.includes(each))
}
