// kit's addon, loaded when something is started, and the words for it: bytes, each ended by a NUL.
import type * as Native from '../../native/index.d.ts'
import { launcherPath, loadAddon } from '../addon.ts'
import { errnoName } from '../errno.ts'
import { ToolError } from '../error.ts'
import type { Plan } from '../plan.ts'

let loaded: typeof Native | undefined

export function native(): typeof Native {
  return (loaded ??= loadAddon<typeof Native>('kit', import.meta.url))
}

let path: string | undefined

/** The launcher's program, looked up once. */
export function launcher(): string {
  return (path ??= launcherPath(import.meta.url))
}

/** The plan without its command, which travels as the launcher's own words: JSON cannot hold any bytes. */
export function planText(plan: Plan): string {
  return JSON.stringify({ ...plan, argv: undefined })
}

/** Words in one piece. Throws a ToolError `E_INPUT` on a NUL: no word of the kernel can hold one. */
export function pack(what: string, words: readonly (string | Buffer)[]): Buffer {
  const parts: Buffer[] = []
  for (const word of words) {
    const bytes = typeof word === 'string' ? Buffer.from(word) : word
    if (bytes.includes(0)) throw new ToolError('srcon', `${what} '${bytes.toString().replaceAll('\0', '\\0')}' holds a NUL byte`, { code: 'E_INPUT', why: 'the kernel ends every word at its first NUL' })
    parts.push(bytes, NUL)
  }
  return Buffer.concat(parts)
}

const NUL = Buffer.of(0)

/** The error of a launcher that could not even be executed. */
export function launchError({ syscall, errno }: { syscall: string; errno: number }, path: string): ToolError {
  const code = errnoName(errno)
  const tooLong = code === 'E2BIG'
  return new ToolError('srcon', `cannot start the launcher: ${code} (${syscall})`, {
    code: 'E_LAUNCH',
    syscall,
    errno,
    path,
    why: tooLong ? 'the command and its environment are larger than the kernel takes: 128 KiB a word, a quarter of the stack limit together' : whys[code],
    hint: tooLong ? 'pass the data by a file or on stdin' : undefined,
  })
}

const whys: Readonly<Record<string, string>> = {
  EACCES: 'it is not executable for this user, or lies on a noexec mount',
  ENOENT: 'the file or the working directory is not there',
  EAGAIN: 'the limit of processes of this user (ulimit -u) or of its cgroup (pids.max) is reached',
  ENOMEM: 'the kernel has no memory for it',
  EMFILE: 'this process has as many files open as its limit (ulimit -n) allows',
}
