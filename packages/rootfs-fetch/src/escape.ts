// Text of others in our messages: a control character could move the cursor of a terminal, or forge a line.

/** Control characters, and what reverses the direction of text, as `\x1b` and `\u202e`. */
export function escapeControl(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, found => {
    const code = found.codePointAt(0) ?? 0
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
  })
}
