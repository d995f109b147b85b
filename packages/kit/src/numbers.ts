// Integers beyond 2^53 in a JSON document. JSON.parse rounds them, and 9223372036854775807 written
// back as 9223372036854776000 is out of range for every Go program that reads it. So their digits are
// kept beside the document, by path, and put back wherever the rounded value still stands.

/** Unlike any string of the document: who writes it cannot know the number. */
const MARK = `digits:${Math.random()}:`
/** A string, or a number, of a JSON text. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g
const MARKED = new RegExp(`"${MARK.replace('.', '\\.')}(-?\\d+)"`, 'g')

/** The digits of each number that was rounded, by its path as a JSON list of keys. */
export type Digits = ReadonlyMap<string, { readonly rounded: number; readonly digits: string }>

/** JSON.parse, and the digits of what it rounded. Throws SyntaxError. */
export function parseExactly(text: string): { readonly value: unknown; readonly digits: Digits } {
  const digits = new Map<string, { rounded: number; digits: string }>()
  if (!/\d{16}/.test(text)) return { value: JSON.parse(text) as unknown, digits }
  JSON.parse(text) // Errors name places of the text as it was written.
  const marked = text.replace(TOKEN, token => (/^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token)) ? JSON.stringify(MARK + token) : token))
  const value = walk(JSON.parse(marked), [], (leaf, path) => {
    if (typeof leaf !== 'string' || !leaf.startsWith(MARK)) return leaf
    const entry = { rounded: Number(leaf.slice(MARK.length)), digits: leaf.slice(MARK.length) }
    digits.set(JSON.stringify(path), entry)
    return entry.rounded
  })
  return { value, digits }
}

/** JSON for people, ending with a newline, with the digits put back. */
export function writeExactly(value: unknown, digits: Digits): string {
  if (digits.size === 0) return `${JSON.stringify(value, undefined, 2)}\n`
  const marked = walk(value, [], (leaf, path) => {
    const entry = typeof leaf === 'number' ? digits.get(JSON.stringify(path)) : undefined
    return entry && entry.rounded === leaf ? MARK + entry.digits : leaf
  })
  return `${JSON.stringify(marked, undefined, 2).replace(MARKED, '$1')}\n`
}

type Leaf = (leaf: unknown, path: readonly (string | number)[]) => unknown

function walk(value: unknown, path: readonly (string | number)[], leaf: Leaf): unknown {
  if (Array.isArray(value)) return value.map((entry: unknown, i) => walk(entry, [...path, i], leaf))
  if (typeof value !== 'object' || value === null) return leaf(value, path)
  // fromEntries defines keys, so that one named __proto__ stays a key.
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, walk(entry, [...path, key], leaf)]))
}
