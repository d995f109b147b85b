// The step language as one published schema and one page, put together from what each tool says of its own steps.
// See JSON Schema 2020-12; limits as in crates/step/src/plan.rs.

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }
export interface Definition {
  readonly title?: string
  readonly description?: string
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Definition>>
  readonly required?: readonly string[]
  readonly const?: Json
  readonly enum?: readonly Json[]
  readonly examples?: readonly Json[]
  readonly items?: Definition
  readonly default?: Json
  readonly $ref?: string
  readonly oneOf?: readonly Definition[]
  readonly anyOf?: readonly Definition[]
  readonly [keyword: string]: unknown
}
export type Definitions = Readonly<Record<string, Definition>>

/** A package's `plan.schema.json`. */
export interface Part {
  readonly package: string
  readonly $defs: Definitions
}

const bytes: Definition = {
  title: 'a path or a word',
  description: 'Text, or base64 of bytes that are not UTF-8. No NUL.',
  oneOf: [
    { type: 'string', pattern: '^[^\\u0000]*$' },
    {
      type: 'object',
      properties: { base64: { type: 'string', contentEncoding: 'base64' } },
      required: ['base64'],
      additionalProperties: false,
    },
  ],
}

/** A definition is a step when its `do` is fixed; the others are shapes that steps refer to. */
const isStep = (definition: Definition) => definition.properties?.['do']?.const !== undefined

/** The steps of a part, in the order written. */
export function stepsOf(part: Part): [name: string, definition: Definition][] {
  return Object.entries(part.$defs).filter(([, definition]) => isStep(definition))
}

function allDefinitions(parts: readonly Part[]): Record<string, Definition> {
  const all: Record<string, Definition> = { bytes }
  for (const part of parts)
    for (const [name, definition] of Object.entries(part.$defs)) {
      const known = all[name]
      if (name !== 'bytes' && known && JSON.stringify(known) !== JSON.stringify(definition))
        throw new Error(`packages/${part.package}/plan.schema.json defines ${name}, which another package defines otherwise`)
      if (isStep(definition) && definition.properties?.['do']?.const !== name)
        throw new Error(`packages/${part.package}/plan.schema.json: the step ${name} calls itself ${JSON.stringify(definition.properties?.['do']?.const)}`)
      all[name] ??= definition
    }
  return all
}

/** The published schema of plan version 1. */
export function planSchema(parts: readonly Part[]): Definition {
  const $defs = allDefinitions(parts)
  const steps = parts.flatMap(part => stepsOf(part).map(([name]) => ({ $ref: `#/$defs/${name}` })))
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://github.com/srcon/srcon/raw/main/packages/kit/schema/plan-v1.schema.json',
    title: 'srcon plan, version 1',
    description: 'An ordered list of steps, then a command. Made by npm run docs from packages/*/plan.schema.json.',
    type: 'object',
    properties: {
      $schema: { type: 'string' },
      version: { const: 1 },
      facts: {
        description: 'What the plan says of the host it was made for; the launcher refuses a mismatch.',
        type: 'object',
        properties: { arch: { type: 'string' }, lastCap: { type: 'integer', minimum: 0, maximum: 63 } },
        additionalProperties: false,
      },
      steps: { type: 'array', maxItems: 1024, items: { $ref: '#/$defs/step' } },
      argv: {
        description: 'The command; the words after -- on the launcher\'s command line come first.',
        type: 'array',
        maxItems: 65_536,
        items: { $ref: '#/$defs/bytes' },
      },
    },
    required: ['version', 'steps'],
    additionalProperties: false,
    $defs: { ...$defs, step: { title: 'a step', oneOf: steps } },
  }
}

/** What a reference inside a step leads to; a shape that several steps share goes by its name. */
function resolve(ref: string, all: Definitions): Definition | string {
  const [name = '', ...path] = ref.replace('#/$defs/', '').split('/')
  if (path.length === 0) return name
  let at: unknown = all[name]
  for (const part of path) at = (at as Readonly<Record<string, unknown>> | undefined)?.[part]
  return (at as Definition | undefined) ?? name
}

function typeOf(field: Definition, all: Definitions): string {
  if (field.$ref) {
    const target = resolve(field.$ref, all)
    return typeof target === 'string' ? target : typeOf(target, all)
  }
  if (field.const !== undefined) return JSON.stringify(field.const)
  if (field.enum) return field.enum.map(value => JSON.stringify(value)).join(', ')
  const alternatives = field.oneOf ?? field.anyOf
  if (alternatives) return alternatives.map(each => typeOf(each, all)).join(' or ')
  if (field.items) return `list of ${typeOf(field.items, all)}`
  if (field.properties) return `{ ${Object.keys(field.properties).join(', ')} }`
  return [field.type ?? 'any'].flat().join(' or ')
}

/** What is said of a field: its own words, else those of the shape it refers to. */
function aboutField(field: Definition, all: Definitions): string {
  const target = field.$ref ? resolve(field.$ref, all) : undefined
  return field.description ?? field.title ?? (typeof target === 'object' ? (target.description ?? target.title ?? '') : '')
}

const cell = (text: string) => text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ')

function reference(name: string, all: Definitions, { title, description, properties = {}, required = [], examples = [] }: Definition): string {
  const fields = Object.entries(properties).filter(([field]) => field !== 'do')
  return [
    `#### \`${name}\`${title ? `: ${title}` : ''}`,
    ...(description ? ['', description] : []),
    ...(fields.length > 0 ? ['', '| field | | |', '|---|---|---|'] : []),
    ...fields.map(([field, is]) => `| \`${field}\`${required.includes(field) ? '' : ' (optional)'} | ${cell(typeOf(is, all))} | ${cell(aboutField(is, all))} |`),
    ...(examples.length > 0 ? ['', '```json', ...examples.map(example => JSON.stringify(example)), '```'] : []),
  ].join('\n')
}

/** The reference part of docs/plan.md. */
export function planReference(parts: readonly Part[]): string {
  return parts
    .filter(part => Object.keys(part.$defs).length > 0)
    .map(part => {
      const steps = stepsOf(part)
      const shapes = Object.entries(part.$defs).filter(([name, definition]) => !isStep(definition) && name !== 'bytes')
      return [`### Steps of ${part.package}`, ...[...steps, ...shapes].map(([name, definition]) => reference(name, part.$defs, definition))].join('\n\n')
    })
    .join('\n\n')
}
