// The command's words as bytes. Node turns what is not UTF-8 into U+FFFD, so where that character
// stands in a word, the bytes are taken from where the kernel keeps them. See proc_pid_cmdline(5).
import { readFileSync } from 'node:fs'
import { usage } from './error.ts'
import type { Bytes } from './step.ts'

const LOST = '\ufffd'

let raw: readonly Buffer[] | undefined

/** The last words of this process as bytes; `words` are the same as Node decoded them. */
export function commandBytes(words: readonly string[]): Buffer[] {
  if (!words.some(word => word.includes(LOST))) return words.map(word => Buffer.from(word))
  raw ??= splitWords(readFileSync('/proc/self/cmdline'))
  return raw.slice(raw.length - words.length)
}

/** Refuses our own words that are not UTF-8: as text they would name something else. */
export function refuseLostBytes(tool: string, words: readonly string[], after: number): void {
  const at = words.findIndex(word => word.includes(LOST))
  if (at < 0) return
  const all = commandBytes([...words, ...Array<string>(after).fill(LOST)])
  const bad = words.find((word, i) => !all[i]?.equals(Buffer.from(word)))
  if (bad !== undefined) throw usage(tool, `the word '${bad}' is not UTF-8`, 'only the words of the command may be any bytes')
}

/** A word as a plan holds it: text, or base64 of what is not UTF-8. */
export function toPlanWord(word: Buffer): Bytes {
  const text = word.toString()
  return Buffer.from(text).equals(word) ? text : { base64: word.toString('base64') }
}

/** The bytes of a word that a plan holds. */
export function toBuffer(word: Bytes | Buffer): Buffer {
  if (Buffer.isBuffer(word)) return word
  return typeof word === 'string' ? Buffer.from(word) : Buffer.from(word.base64, 'base64')
}

function splitWords(bytes: Buffer): Buffer[] {
  const words: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0, at)
    words.push(bytes.subarray(at, end < 0 ? bytes.length : end))
    at = end < 0 ? bytes.length : end + 1
  }
  return words
}
