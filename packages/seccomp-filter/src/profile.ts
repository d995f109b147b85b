// A policy as it is asked for, and the options that decide its meaning.
import { usage } from '@srcon/kit/error'
import type { ScannedLink } from '@srcon/kit/table'

/** OCI's linux.seccomp: what JavaScript needs to know of it. The compiler reads it in Rust. */
export interface OciSeccomp {
  readonly defaultAction: string
  readonly flags?: readonly string[] | null
  readonly [key: string]: unknown
}

/** The library's options; their names are the long options'. */
export interface FilterOptions {
  /** `default`, `strict`, `srcontainer`, `srcontainer-hardened`, `none`, or a file; a name with a slash or a dot is a file. */
  readonly profile?: string
  /** A policy in OCI form instead of `profile`. */
  readonly policy?: OciSeccomp
  /** Log refused calls. */
  readonly log?: boolean
  /** Set no_new_privs first; true unless said otherwise. */
  readonly noNewPrivs?: boolean
  /** Capabilities of the command, for profiles that ask; Docker's defaults unless given. */
  readonly caps?: readonly string[]
  /** What of an argument is compared. */
  readonly widths?: 'kernel' | 'register'
  /** For looking: the machine to compile for, as `uname -m` names it; this one unless given. */
  readonly arch?: string
}

const TOOL = 'seccomp-filter'

/** Docker's default capabilities: a profile written for it rests on them. */
export const DOCKER_CAPS: readonly string[] = [
  'CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FSETID', 'CAP_FOWNER', 'CAP_MKNOD', 'CAP_NET_RAW', 'CAP_SETGID', 'CAP_SETUID', 'CAP_SETFCAP',
  'CAP_SETPCAP', 'CAP_NET_BIND_SERVICE', 'CAP_SYS_CHROOT', 'CAP_KILL', 'CAP_AUDIT_WRITE',
]

/** From words to options; throws a ToolError `E_USAGE`. Pure. */
export function read({ given, positionals }: ScannedLink): FilterOptions {
  const values = Object.fromEntries(given.map(({ name, value }) => [name, value]))
  const text = (name: string): string | undefined => (typeof values[name] === 'string' ? values[name] : undefined)
  const profile = text('profile') ?? positionals[0]
  const caps = text('caps')
  const arch = text('arch')
  return {
    ...(profile === undefined ? {} : { profile }),
    ...(values['log'] ? { log: true } : {}),
    ...(values['no-no-new-privs'] ? { noNewPrivs: false } : {}),
    ...(caps === undefined ? {} : { caps: readCaps(caps) }),
    ...(arch === undefined ? {} : { arch }),
    ...(text('widths') === 'register' ? { widths: 'register' as const } : {}),
  }
}

function readCaps(list: string): string[] {
  if (list === 'none') return []
  return list.split(',').map(word => {
    const name = word.toUpperCase()
    if (!/^(CAP_)?[A-Z][A-Z_]*$/.test(name)) throw usage(TOOL, `--caps: '${word}' is not a capability`, 'names as CAP_SYS_ADMIN or sys_admin, with commas; or none')
    return name.startsWith('CAP_') ? name : `CAP_${name}`
  })
}

/** Whether a profile's name means a file. */
export function isFile(profile: string): boolean {
  return /[/.]/.test(profile)
}
