// Completion for fish(1), from an option table. See the page "complete" of its manual.
import type { OptionRow } from '../table.ts'
import type { Row, ToolPages, VerbPage } from './rows.ts'

const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`

/** What the shell itself can list. */
const listed = {
  file: '(__fish_complete_path (commandline -ct))',
  directory: '(__fish_complete_directories (commandline -ct))',
  user: '(__fish_complete_users)',
  pid: '(__fish_complete_pids)',
} as const

function values(row: Pick<OptionRow, 'choices' | 'completes'>): string | undefined {
  if (row.choices) return quoted(row.choices.join(' '))
  return row.completes ? quoted(listed[row.completes]) : undefined
}

function option(tool: string, when: string, row: Row): string {
  const known = values(row)
  return [
    `complete -c ${tool} -n ${quoted(when)} -l ${row.name}`,
    ...(row.short ? [`-s ${row.short}`] : []),
    // -r: a value must follow; an optional one is only offered after the equals sign.
    ...(row.takes === 'value' ? [known ? '-x' : '-r'] : []),
    ...(row.takes !== 'nothing' && known ? [`-a ${known}`] : []),
    `-d ${quoted(row.about)}`,
  ].join(' ')
}

/** The file `completions/<tool>.fish`. */
export function fishCompletion({ table, verbs }: ToolPages): string {
  const tool = table.name
  const before = `__srcon_${tool.replaceAll(/\W/g, '_')}`
  const named = verbs.map(({ name }) => name).filter(Boolean)
  const when = ({ name }: VerbPage) => `${before}_verb ${quoted(name)}`
  const lines = verbs.flatMap(page => [
    ...page.rows.map(row => option(tool, when(page), row)),
    ...page.verb.positionals.flatMap(p => {
      const known = values(p)
      return known ? [`complete -c ${tool} -n ${quoted(when(page))} -a ${known} -d ${quoted(p.about)}`] : []
    }),
    ...(page.name ? [`complete -c ${tool} -n ${quoted(`${before}_first`)} -a ${page.name} -d ${quoted(page.verb.about)}`] : []),
  ])
  return `# fish completion for ${tool}, made from packages/${tool}/src/options.ts by 'npm run docs'; changes here are lost.
# Which verb stands first ('' for none), as long as no -- has come.
function ${before}_verb
    set -l words (commandline -opc)
    contains -- -- $words[2..-1]; and return 1
    set -l verb ''
    set -q words[2]; and contains -- $words[2] ${named.map(quoted).join(' ') || "''"}; and set verb $words[2]
    test "$verb" = "$argv[1]"
end
function ${before}_first
    test (count (commandline -opc)) -eq 1
end
# Everything after the first -- belongs to the command.
function ${before}_command
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words); or return
    set -l before (string escape -- $words[(math $at + 1)..-1])
    complete --do-complete=(string join ' ' -- $before (commandline -ct))
end
function ${before}_dashes
    contains -- -- (commandline -opc)
end
complete -c ${tool} -f
complete -c ${tool} -n ${quoted(`${before}_dashes`)} -a ${quoted(`(${before}_command)`)}
${lines.join('\n')}
`
}
