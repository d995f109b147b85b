// Completion for bash(1), from an option table. Everything after the first `--` belongs to the command and is completed as that.
import type { OptionRow } from '../table.ts'
import type { Row, ToolPages, VerbPage } from './rows.ts'

const word = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`
const functionOf = (tool: string) => `_srcon_${tool.replaceAll(/\W/g, '_')}`

/** What the shell itself can list. */
const listed = {
  file: 'compgen -f',
  directory: 'compgen -d',
  user: 'compgen -u',
  pid: 'compgen -W "$(cd /proc && printf \'%s \' [0-9]*)"',
} as const

/** The words that a value may be, as a compgen call; undefined where nothing is known. */
function values(row: Pick<OptionRow, 'choices' | 'completes'>): string | undefined {
  if (row.choices) return `compgen -W ${word(row.choices.join(' '))}`
  return row.completes ? listed[row.completes] : undefined
}

/** One case of `verb:option`: where a value follows, what it may be. */
function valueCase(verb: string, row: Row): string[] {
  if (row.takes === 'nothing') return []
  const call = values(row)
  const names = [`--${row.name}`, ...(row.short && row.takes === 'value' ? [`-${row.short}`] : [])]
  // An optional value is only one when it is written with `=`.
  const patterns = names.map(name => `${verb}:${name}:${row.takes === 'optional' ? '=' : '*'}`).join(' | ')
  return [`    ${patterns}) ${call ? `_srcon_reply "$cur" ${call}` : ':'}; return ;;`]
}

function wordsOf({ name, verb, rows }: VerbPage, verbs: readonly string[]): string {
  const options = rows.map(row => `--${row.name}${row.takes === 'value' ? '=' : ''}`)
  const first = verb.positionals[0] && values(verb.positionals[0])
  return [
    `    ${word(name)})`,
    `      if [[ $cur == -* ]]; then _srcon_reply "$cur" compgen -W ${word(options.join(' '))}`,
    ...(name === '' && verbs.length > 0
      ? [`      elif ((COMP_CWORD == 1)); then _srcon_reply "$cur" compgen -W ${word(verbs.join(' '))}; ${first ? `COMPREPLY+=($(${first} -- "$cur"))` : ':'}`]
      : []),
    ...(first ? [`      else _srcon_reply "$cur" ${first}`] : []),
    '      fi ;;',
  ].join('\n')
}

/** The file `completions/<tool>.bash`. */
export function bashCompletion({ table, verbs }: ToolPages): string {
  const named = verbs.map(({ name }) => name).filter(Boolean)
  const run = functionOf(table.name)
  return `# bash completion for ${table.name}, made from packages/${table.name}/src/options.ts by 'npm run docs'; changes here are lost.
_srcon_reply() {
  local IFS=$' \\n' cur=$1
  shift
  COMPREPLY=($("$@" -- "$cur"))
}
_srcon_after_dashes() {
  if declare -F _comp_command_offset >/dev/null; then _comp_command_offset "$1"
  elif declare -F _command_offset >/dev/null; then _command_offset "$1"
  elif (($1 == COMP_CWORD)); then _srcon_reply "\${COMP_WORDS[COMP_CWORD]}" compgen -c
  else _srcon_reply "\${COMP_WORDS[COMP_CWORD]}" compgen -f
  fi
}
${run}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} option=\${COMP_WORDS[COMP_CWORD - 1]} verb='' equals='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ \${COMP_WORDS[i]} == -- ]] && { _srcon_after_dashes $((i + 1)); return; }
  done
${named.length > 0 ? `  ((COMP_CWORD > 1)) && case \${COMP_WORDS[1]} in ${named.join(' | ')}) verb=\${COMP_WORDS[1]} ;; esac\n` : ''}  # bash cuts --name=VALUE into three words.
  if [[ $cur == = ]]; then cur='' equals='='
  elif [[ $option == = ]]; then option=\${COMP_WORDS[COMP_CWORD - 2]} equals='='
  fi
  case $verb:$option:$equals in
${verbs.flatMap(({ name, rows }) => rows.flatMap(row => valueCase(name, row))).join('\n')}
  esac
  case $verb in
${verbs.map(page => wordsOf(page, named)).join('\n')}
  esac
  # A value is written right after the equals sign.
  [[ \${COMPREPLY-} == --*= ]] && type compopt >/dev/null 2>&1 && compopt -o nospace 2>/dev/null
  return 0
}
complete -o default -F ${run} ${table.name}
`
}
