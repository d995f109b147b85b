// JSON with whole numbers of 64 bits: JSON.parse rounds a mask of 0xffffffffffffffff up to 2^64.
import { parseExactly } from '@srcon/kit/numbers'

/** JSON.parse, but each integer beyond 2^53 is a bigint. Throws SyntaxError. */
export function parse(text: string): unknown {
  const { value, digits } = parseExactly(text)
  for (const [key, { digits: exact }] of digits) put(value, JSON.parse(key) as string[], BigInt(exact))
  return value
}

function put(root: unknown, path: readonly string[], leaf: bigint): void {
  const parent = path.slice(0, -1).reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], root)
  ;(parent as Record<string, unknown>)[path.at(-1) ?? ''] = leaf
}
