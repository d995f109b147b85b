// A set as the digits of /proc/PID/status, `00000000a80425fb`. See proc_pid_status(5).
import { ToolError } from '@srcon/kit/error'

/** Whether a word can only be digits of a set. */
export function isHex(text: string): boolean {
  return /^(?:0x)?[0-9a-f]+$/i.test(text)
}

/** Reads up to 64 bits, with or without `0x`, zeros in front or not. Throws a ToolError `E_INPUT`. Pure. */
export function parseHex(text: string): bigint {
  const digits = /^(?:0x)?([0-9a-f]+)$/i.exec(text)?.[1]
  if (digits === undefined) throw new ToolError('caps', 'a set is written in hexadecimal digits', { code: 'E_INPUT', hint: 'for example 00000000a80425fb, as in /proc/PID/status' })
  const significant = digits.replace(/^0+/, '')
  if (significant.length > 16) throw new ToolError('caps', `${significant.length} hexadecimal digits are more than 64 bits`, { code: 'E_INPUT', hint: 'a set has at most 16' })
  return BigInt(`0x${significant || '0'}`)
}

/** Writes 16 digits, as /proc/PID/status does. Pure. */
export function formatHex(set: bigint): string {
  return set.toString(16).padStart(16, '0')
}
