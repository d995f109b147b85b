// The part of an OCI runtime-spec config.json that our tools own, as types. Keys that no tool owns
// pass through untouched: every object here is open. See the runtime-spec, config.md and config-linux.md.

type Open = { readonly [key: string]: unknown }

export interface OciMount extends Open {
  readonly destination: string
  readonly type?: string
  readonly source?: string
  readonly options?: readonly string[]
}
export interface OciIdMap extends Open {
  readonly containerID: number
  readonly hostID: number
  readonly size: number
}
export interface OciNamespace extends Open {
  readonly type: 'pid' | 'network' | 'mount' | 'ipc' | 'uts' | 'user' | 'cgroup' | 'time' | (string & {})
  readonly path?: string
}
export interface OciCapabilities extends Open {
  readonly bounding?: readonly string[]
  readonly effective?: readonly string[]
  readonly permitted?: readonly string[]
  readonly inheritable?: readonly string[]
  readonly ambient?: readonly string[]
}
export interface OciProcess extends Open {
  readonly args?: readonly string[]
  readonly cwd?: string
  readonly env?: readonly string[]
  readonly terminal?: boolean
  readonly user?: Open & { readonly uid?: number; readonly gid?: number; readonly additionalGids?: readonly number[] }
  readonly capabilities?: OciCapabilities
  readonly noNewPrivileges?: boolean
}
export interface OciResources extends Open {
  readonly memory?: Open & { readonly limit?: number; readonly swap?: number }
  readonly cpu?: Open & { readonly shares?: number; readonly quota?: number; readonly period?: number; readonly cpus?: string; readonly mems?: string }
  readonly pids?: Open & { readonly limit?: number }
  readonly unified?: Readonly<Record<string, string>>
}
export interface OciLinux extends Open {
  readonly namespaces?: readonly OciNamespace[]
  readonly uidMappings?: readonly OciIdMap[]
  readonly gidMappings?: readonly OciIdMap[]
  readonly timeOffsets?: Readonly<Record<string, { readonly secs?: number; readonly nanosecs?: number }>>
  readonly cgroupsPath?: string
  readonly resources?: OciResources
  readonly seccomp?: Open
  readonly maskedPaths?: readonly string[]
  readonly readonlyPaths?: readonly string[]
  readonly rootfsPropagation?: string
}
export interface OciConfig extends Open {
  readonly ociVersion: string
  readonly root?: Open & { readonly path: string; readonly readonly?: boolean }
  readonly hostname?: string
  readonly process?: OciProcess
  readonly mounts?: readonly OciMount[]
  readonly linux?: OciLinux
  readonly annotations?: Readonly<Record<string, string>>
}

/** A config that says nothing yet. */
export const newConfig = (): OciConfig => ({ ociVersion: '1.2.0' })

/** Where a config has no word for something of ours: `dev.srcon.<tool>.<key>`, a JSON value as text. */
export function annotation(config: OciConfig, tool: string, key: string): unknown {
  const text = config.annotations?.[`dev.srcon.${tool}.${key}`]
  return text === undefined ? undefined : (JSON.parse(text) as unknown)
}
export function annotate(config: OciConfig, tool: string, key: string, value: unknown): OciConfig {
  return { ...config, annotations: { ...config.annotations, [`dev.srcon.${tool}.${key}`]: JSON.stringify(value) } }
}
