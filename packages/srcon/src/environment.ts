// The environment of the command: what is named, nothing of the caller's besides. See environ(7).
import { ToolError, usage } from '@srcon/kit/error'
import type { Step } from '@srcon/kit/step'

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

interface Said {
  readonly uid: number
  readonly hostname: string | undefined
  readonly terminal: string | undefined
}

/** What every command needs. Pure. */
export function leastEnvironment({ uid, hostname, terminal }: Said): string[] {
  return [`PATH=${PATH}`, `HOME=${uid === 0 ? '/root' : '/'}`, ...(hostname === undefined ? [] : [`HOSTNAME=${hostname}`]), ...(terminal === undefined ? [] : [`TERM=${terminal}`])]
}

const nameOf = (variable: string): string => variable.slice(0, variable.indexOf('='))

/** `NAME=VALUE` set anew in the list; `NAME` alone has the caller's value. Throws a ToolError `E_USAGE`. */
export function withVariables(list: readonly string[], words: readonly string[], caller: (name: string) => string | undefined): string[] {
  let all = [...list]
  for (const word of words) {
    const variable = word.includes('=') ? word : inherited(word, caller)
    if (variable.startsWith('=')) throw usage('srcon', `--env: '${word}' has no name`, 'for example --env LANG=C.UTF-8')
    all = [...all.filter(each => nameOf(each) !== nameOf(variable)), variable]
  }
  return all
}

function inherited(name: string, caller: (name: string) => string | undefined): string {
  const value = caller(name)
  if (value === undefined) throw usage('srcon', `--env: ${name} is not set here`, `--env ${name}=VALUE sets it`)
  return `${name}=${value}`
}

/** The step: exactly these. Throws a ToolError `E_INPUT` for what is no variable. Pure. */
export function environmentStep(list: readonly string[]): Step {
  const edits = list.map(variable => {
    const at = variable.indexOf('=')
    if (at < 1) throw new ToolError('srcon', `process.env: '${variable}' is not NAME=VALUE`, { code: 'E_INPUT' })
    return { name: variable.slice(0, at), value: variable.slice(at + 1) }
  })
  return { do: 'run.env', clear: true, edits }
}
