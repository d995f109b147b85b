// The second reader of the terse form, first half: a text to statements. The grammar stands in docs/policy-language.md. What is
// no policy the compiler has refused before, with its place; here it only must not pass for one.
import { ALLOW, ERRNO, errnoNamed, KILL_PROCESS, KILL_THREAD, LOG, NOTIFY, TRACE, TRAP } from './action.ts'
import type { Operator } from './evaluate.ts'

/** `argument & mask operator value`; `in` and `not in` are several. Values are lists of items that are or'ed. */
export interface Clause {
  readonly argument: string
  readonly mask?: readonly string[]
  readonly operator: Operator
  readonly value: readonly string[]
}
export interface Statement {
  /** Calls and groups. */
  readonly calls: readonly string[]
  /** Any of these must hold entirely. */
  readonly any: readonly (readonly Clause[])[]
  readonly action: number
}
export interface Text {
  readonly said: ReadonlyMap<string, number>
  readonly arches: readonly string[]
  readonly extends?: string
  readonly groups: ReadonlyMap<string, readonly string[]>
  readonly statements: readonly Statement[]
}

const TOKEN = /==|!=|<=|>=|[<>=(),:&|]|[\p{Alphabetic}\p{N}_@.\-+/~%]+|#.*|[ \t\r]+|./gu
const simple: Readonly<Record<string, number>> = { allow: ALLOW, log: LOG, 'kill-process': KILL_PROCESS, 'kill-thread': KILL_THREAD, notify: NOTIFY, trap: TRAP, trace: TRACE, errno: ERRNO }
const operators: readonly Operator[] = ['==', '!=', '<', '<=', '>', '>=']

/** Reads a text. Throws a RangeError. */
export function readText(text: string): Text {
  const said = new Map<string, number>()
  const groups = new Map<string, readonly string[]>()
  const statements: Statement[] = []
  const arches: string[] = []
  let base: string | undefined
  for (const words of lines(text)) {
    const [first = '', second = ''] = words
    if (second === '(' || second === ':') statements.push(rule(new Words(words)))
    else if (Object.hasOwn(simple, first)) {
      const rest = new Words(words)
      const action = rest.action()
      statements.push({ action, calls: rest.rest(), any: [[]] })
    } else if (['default', 'unknown', 'closed'].includes(first)) said.set(first, new Words(words.slice(1)).action())
    else if (first === 'arch') arches.push(...words.slice(1))
    else if (first === 'extends') base = second
    else if (first === 'group') groups.set(second, words.slice(3))
    else if (first !== 'flags') throw new RangeError(`'${first}' begins no statement`)
  }
  return { said, arches, groups, statements, ...(base === undefined ? {} : { extends: base }) }
}

/** Tokens of each statement: a line, and those after it that begin with white space. */
function lines(text: string): readonly (readonly string[])[] {
  const found: string[][] = []
  for (const line of text.split('\n')) {
    const tokens = (line.match(TOKEN) ?? []).filter(token => !/^[#\s]/.test(token))
    if (tokens.length === 0) continue
    if (/^[ \t]/.test(line)) found.at(-1)?.push(...tokens)
    else found.push(tokens)
  }
  return found
}

class Words {
  readonly #words: readonly string[]
  #next = 0

  constructor(words: readonly string[]) {
    this.#words = words
  }

  take(word: string): boolean {
    if (this.#words[this.#next] !== word) return false
    this.#next++
    return true
  }

  any(): string {
    const word = this.#words[this.#next++]
    if (word === undefined) throw new RangeError('a statement ends too early')
    return word
  }

  rest(): readonly string[] {
    return this.#words.slice(this.#next)
  }

  action(): number {
    const word = this.any()
    const kind = Object.hasOwn(simple, word) ? simple[word] : undefined
    if (kind === undefined) throw new RangeError(`'${word}' is no action`)
    if (kind === ERRNO) {
      const name = this.any()
      const number = /^\d/.test(name) ? Number(name) : errnoNamed(name)
      if (number === undefined) throw new RangeError(`there is no error ${name}`)
      return kind | number
    }
    if (kind !== TRAP && kind !== TRACE) return kind
    return /^\d/.test(this.#words[this.#next] ?? '') ? kind | Number(this.any()) : kind
  }

  value(): readonly string[] {
    const items = [this.any()]
    while (this.take('|')) items.push(this.any())
    return items
  }

  list(): readonly (readonly string[])[] {
    const values = [this.value()]
    while (this.take(',')) values.push(this.value())
    return values
  }
}

/** `socket(domain == AF_UNIX and type & 0xf == 1 or …): allow` */
function rule(words: Words): Statement {
  const call = words.any()
  const any = words.take('(') ? condition(words) : [[]]
  if (!words.take(':')) throw new RangeError(`${call}: a colon is missing`)
  return { calls: [call], any, action: words.action() }
}

function condition(words: Words): readonly (readonly Clause[])[] {
  const any: Clause[][] = []
  do {
    // A list of values makes one alternative each.
    let all: Clause[][] = [[]]
    do {
      const ways = test(words)
      all = all.flatMap(before => ways.map(way => [...before, ...way]))
    } while (words.take('and'))
    any.push(...all)
  } while (words.take('or'))
  if (!words.take(')')) throw new RangeError('a parenthesis is missing')
  return any
}

function test(words: Words): readonly (readonly Clause[])[] {
  const argument = words.any()
  if (words.take('in')) return words.list().map(value => [{ argument, operator: '==' as const, value }])
  if (words.take('not')) {
    if (!words.take('in')) throw new RangeError("'not' stands before 'in'")
    return [words.list().map(value => ({ argument, operator: '!=' as const, value }))]
  }
  const mask = words.take('&') ? words.value() : undefined
  const sign = words.any()
  const operator = operators.find(each => each === sign)
  if (!operator) throw new RangeError(`'${sign}' is no comparison`)
  return [[{ argument, operator, value: words.value(), ...(mask ? { mask } : {}) }]]
}
