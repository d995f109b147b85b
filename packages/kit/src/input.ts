// Where a filter's config comes from. What stdin is never decides what a tool does, only whether
// there is input: a terminal, a character device or a closed descriptor means a new config, while
// zero bytes from a pipe or a file mean that the command before it failed, and are an error.
import { closeSync, fstatSync, openSync, read } from 'node:fs'
import { isatty } from 'node:tty'
import { newDocument, readConfigText, type Document } from './document.ts'
import { ToolError } from './error.ts'
import { pause, writeAll } from './output.ts'

/** Largest config, bytes. */
const LIMIT = 16 << 20
/** Silence after which a person is told what is being waited for, milliseconds. */
const SILENCE = 2000

/** The config that a filter begins with; ToolError `E_INPUT` where there should be one and is not.
 *  `path`: a file, or `-`: stdin whatever it is; absent: stdin by its rule. */
export async function readDocument(tool: string, path?: string): Promise<Document> {
  if (path !== undefined && path !== '-') return await readFile(tool, path)
  if (path === undefined && isDevice(0)) return newDocument()
  return readConfigText(tool, 'stdin', await readAll(tool, 0, 'stdin'))
}

/** A terminal, /dev/null, or a descriptor that was closed: Node has opened that as /dev/null by now. */
function isDevice(fd: number): boolean {
  return fstatSync(fd).isCharacterDevice()
}

async function readFile(tool: string, path: string): Promise<Document> {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (cause) {
    throw unreadable(tool, path, cause)
  }
  try {
    return readConfigText(tool, path, await readAll(tool, fd, path))
  } finally {
    closeSync(fd)
  }
}

async function readAll(tool: string, fd: number, name: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  const notice = isatty(2) ? setTimeout(() => writeAll(2, `${tool}: waiting for a config on ${name} (-n starts a new one)\n`), SILENCE) : undefined
  try {
    for (let size = 0; ; ) {
      const part = await readSome(fd)
      clearTimeout(notice)
      if (part.length === 0) break
      size += part.length
      if (size > LIMIT) throw new ToolError(tool, `the config on ${name} is larger than 16 MiB`, { code: 'E_INPUT' })
      parts.push(part)
    }
  } catch (cause) {
    throw cause instanceof ToolError ? cause : unreadable(tool, name, cause)
  } finally {
    clearTimeout(notice)
  }
  if (parts.length > 0) return Buffer.concat(parts)
  throw new ToolError(tool, `${name} is empty`, { code: 'E_INPUT', why: 'a pipe or file without a byte means that what should have written it failed', hint: 'look at the command before it; -n starts a new config' })
}

function readSome(fd: number): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafe(1 << 16)
  return new Promise((resolve, reject) => {
    const again = (): void =>
      read(fd, buffer, 0, buffer.length, null, (error, count) => {
        if (!error) return resolve(buffer.subarray(0, count))
        if (error.code !== 'EAGAIN') return reject(error)
        pause() // Somebody made the pipe non-blocking.
        again()
      })
    again()
  })
}

function unreadable(tool: string, name: string, cause: unknown): ToolError {
  const { code = 'E_INPUT', errno, syscall, message } = cause as NodeJS.ErrnoException
  return new ToolError(tool, `cannot read the config on ${name}: ${code}${syscall ? ` (${syscall})` : ''}`, {
    code, syscall, errno: errno === undefined ? undefined : -errno, path: name, why: message, cause,
  })
}
