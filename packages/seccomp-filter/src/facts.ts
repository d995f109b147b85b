// What the steps rest on: the machine, its kernel, and two things that only the host can do for a pure
// function: reading a profile's file and compiling it. The compiler is the addon's, loaded when needed:
// a preset comes compiled.
import { closeSync, openSync, readSync } from 'node:fs'
import { ToolError } from '@srcon/kit/error'
import { hostArch, kernelRelease } from '@srcon/kit/host'
import { presets } from './presets.ts'
import { addon, type Compiled, type Context, type Plain } from './addon.ts'

export interface FilterFacts {
  /** `uname -m`. */
  readonly arch: string
  readonly kernel: readonly [major: number, minor: number]
  readonly readProfile: (path: string) => string | Buffer
  /** A policy in whatever form; without a text the preset of that name. */
  readonly compile: (text: Buffer | undefined, name: string, context: Context) => Compiled
  readonly plain: (text: Buffer | undefined, name: string, context: Context) => Plain
}

/** As the compiler: what is longer is no policy. */
const MAX_BYTES = 4 << 20

export function readFacts(): FilterFacts {
  return {
    arch: hostArch(),
    kernel: kernelRelease(),
    readProfile,
    compile: (text, name, context) => addon().compile(text, name, context),
    plain: (text, name, context) => addon().plain(text, name, context),
  }
}

/** The bytes of a policy's file. Throws a ToolError. */
export function readProfile(path: string): Buffer {
  const bytes = Buffer.allocUnsafe(MAX_BYTES + 1)
  let size = 0
  try {
    const fd = openSync(path, 'r')
    try {
      for (let n = -1; n !== 0 && size < bytes.length; size += n) n = readSync(fd, bytes, size, bytes.length - size, null)
    } finally {
      closeSync(fd)
    }
    return bytes.subarray(0, size)
  } catch (cause) {
    const { code = 'E_INPUT', syscall } = cause as NodeJS.ErrnoException
    const hint = code === 'ENOENT' ? `presets are ${Object.keys(presets).join(', ')} and none` : undefined
    throw new ToolError('seccomp-filter', `cannot read the policy ${path}: ${code} (${syscall})`, { code, syscall, path, hint, cause })
  }
}
