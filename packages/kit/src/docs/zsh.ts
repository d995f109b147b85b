// Completion for zsh, from an option table. See zshcompsys(1), _arguments.
import type { OptionRow } from '../table.ts'
import type { Row, ToolPages, VerbPage } from './rows.ts'

const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`
/** Colons and brackets end the parts of a specification. */
const escaped = (text: string) => text.replaceAll(/[\\:[\]]/g, String.raw`\$&`)

/** What the shell itself can list. */
const listed = {
  file: '_files',
  directory: '_files -/',
  user: '_users',
  pid: '_pids',
} as const

function action(row: Pick<OptionRow, 'choices' | 'completes'>): string {
  if (row.choices) return `(${row.choices.join(' ')})`
  return row.completes ? listed[row.completes] : ' '
}

function optionSpecs(row: Row): string[] {
  const meta = escaped(row.meta ?? 'VALUE')
  const [long, short, value] = {
    nothing: ['', '', ''],
    value: ['=', '+', `:${meta}:${action(row)}`],
    optional: ['=-', '', `::${meta}:${action(row)}`],
  }[row.takes] as [string, string, string]
  const names = [`--${row.name}`, ...(row.short ? [`-${row.short}`] : [])]
  const others = row.repeat ? '*' : names.length > 1 ? `(${names.join(' ')})` : ''
  const about = `[${escaped(row.about)}]`
  return [
    `${others}--${row.name}${long}${about}${value}`,
    // A short letter of an optional value never takes one.
    ...(row.short ? [`${others}-${row.short}${short}${about}${row.takes === 'value' ? value : ''}`] : []),
  ].map(quoted)
}

function argumentsOf({ verb, rows }: VerbPage): string {
  const specs = [
    ...rows.flatMap(optionSpecs),
    ...verb.positionals.map((p, i) => quoted(`${p.repeat ? '*' : i + 1}:${p.required ? '' : ':'}${escaped(p.about)}:${action(p)}`)),
  ]
  return ['_arguments -s -S', ...specs].join(' \\\n        ')
}

/** The file `completions/_<tool>`. */
export function zshCompletion({ table, verbs }: ToolPages): string {
  const named = verbs.filter(({ name }) => name)
  const describe =
    named.length > 0
      ? `  if (( CURRENT == 2 )); then
    local -a verbs=(
${named.map(({ name, verb }) => `      ${quoted(`${escaped(name)}:${escaped(verb.about)}`)}`).join('\n')}
    )
    _describe -t commands '${table.name} command' verbs
  fi
`
      : ''
  return `#compdef ${table.name}
# Made from packages/${table.name}/src/options.ts by 'npm run docs'; changes here are lost.
_${table.name}() {
  local curcontext=$curcontext state line verb=''
  typeset -A opt_args
  # Everything after the first -- belongs to the command.
  local -i dashes=\${words[(i)--]}
  if (( dashes < CURRENT )); then
    shift $dashes words
    (( CURRENT -= dashes ))
    _normal
    return
  fi
${describe}${named.length > 0 ? `  case \${words[2]} in\n    (${named.map(({ name }) => name).join('|')}) (( CURRENT > 2 )) && { verb=\${words[2]}; words[2]=(); (( CURRENT-- )) } ;;\n  esac\n` : ''}  case $verb in
${verbs.map(page => `    (${page.name ? page.name : "''"})\n      ${argumentsOf(page)} ;;`).join('\n')}
  esac
}
_${table.name} "$@"
`
}
