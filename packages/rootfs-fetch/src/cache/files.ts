// Small files of the cache, and names in it: what is there after a loss of power is whole. See fsync(2), rename(2).
import { closeSync, constants, copyFileSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { failed, failedCall, native } from '../native.ts'

export function syncFolder(path: string): void {
  const failure = native().syncDirectory(path)
  if (failure) throw failed(`cannot bring ${path} to disk`, failure, path)
}

export function writeDurably(path: string, value: unknown): void {
  let fd: number | undefined
  try {
    fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o644)
    writeFileSync(fd, `${JSON.stringify(value, undefined, 2)}\n`)
    fsyncSync(fd)
  } catch (cause) {
    // Half of it is of no use to anybody.
    if (fd !== undefined) rmSync(path, { force: true })
    throw failedCall(`cannot write ${path}`, cause, join(path, '..'))
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

export function readJson(path: string): unknown {
  if (!existsSync(path)) return undefined
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as unknown
  } catch (cause) {
    // What was changed by hand is made again.
    if (cause instanceof SyntaxError) return undefined
    throw failedCall(`cannot read ${path}`, cause, path)
  }
}

/** Brings a file to another file system, where it is named when it is whole. */
export function moveAcross(from: string, to: string): void {
  const aside = `${to}.new`
  try {
    rmSync(aside, { force: true })
    copyFileSync(from, aside, constants.COPYFILE_EXCL)
    const fd = openSync(aside, 'r')
    try {
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(aside, to)
    rmSync(from)
  } catch (cause) {
    rmSync(aside, { force: true })
    throw failedCall(`cannot put ${to} in its place`, cause, join(to, '..'))
  }
}
