// What an OCI config can ask for and no tool of ours does. To leave it out would run the command with fewer
// walls, or not as its author meant: an error, fail closed. See the runtime-spec, config.md.
import type { OciConfig } from '@srcon/kit/config'
import { ToolError } from '@srcon/kit/error'

const UNKNOWN = [
  'hooks', 'domainname', 'process.apparmorProfile', 'process.selinuxLabel', 'process.oomScoreAdj', 'process.scheduler', 'process.ioPriority', 'process.execCPUAffinity',
  'linux.sysctl', 'linux.mountLabel', 'linux.intelRdt', 'linux.personality', 'linux.netDevices', 'linux.memoryPolicy', 'linux.cgroupsPath',
]

/** Throws a ToolError `E_INPUT`. Pure. */
export function refuseUnknown(config: OciConfig): void {
  for (const path of UNKNOWN) {
    if (isEmpty(at(config, path))) continue
    throw new ToolError('srcon', `cannot do what the config asks for: ${path}`, { code: 'E_INPUT', why: 'no tool of ours does it', hint: 'leave it out of the config, or run the bundle with runc' })
  }
}

function at(value: unknown, path: string): unknown {
  let here = value
  for (const key of path.split('.')) here = typeof here === 'object' && here !== null && Object.hasOwn(here, key) ? (here as Record<string, unknown>)[key] : undefined
  return here
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '' || value === 0 || (typeof value === 'object' && Object.keys(value).length === 0)
}
