// What the words of caps ask for, typed: from a command line, a library call or a config.
import { usage } from '@srcon/kit/error'
import { parseId } from '@srcon/kit/number'
import type { ScannedLink } from '@srcon/kit/table'
import { type CapList, joined, type ListOption, readList } from './lists.ts'
import { readScoped, type SetChange } from './scoped.ts'
import { readSecurebits, type SecurebitsChange } from './securebits.ts'
import { readPdeathsig, type ParentDeath } from './parent-death.ts'
import type { Iab, TextForms, ThreadSets } from './text/index.ts'

/** A number, or a name of the root where the command will run. */
export type GroupWord = number | string

/** `clear-if-allowed`: as OCI configs mean it that name no groups; under setgroups=deny they stay. `of-user`: what the root's
 *  group(5) gives the user. */
export type GroupsRequest = readonly GroupWord[] | 'keep' | 'of-user' | 'clear-if-allowed'

export interface Request {
  readonly drop?: CapList
  readonly keep?: CapList
  readonly ambient?: CapList
  /** Of single sets, in the order written. */
  readonly changes?: readonly SetChange[]
  /** A text of clauses: what it names, and what it says where `all` is as much as there is. */
  readonly caps?: { readonly named: ThreadSets; readonly sets: ThreadSets }
  readonly iab?: Iab
  /** Sets that are not what keep and drop make of them; only configs say so. */
  readonly sets?: { readonly effective?: readonly string[]; readonly permitted?: readonly string[]; readonly inheritable?: readonly string[] }
  readonly securebits?: SecurebitsChange
  readonly pdeathsig?: ParentDeath
  readonly noNewPrivs?: true
  readonly uid?: number
  /** Instead of uid: looked up in the root where the command will run; its own group where no group is given. */
  readonly user?: string
  readonly gid?: number
  readonly group?: string
  /** Undefined: none where a user or group is given, else as they are. */
  readonly groups?: GroupsRequest
}

type Draft = { -readonly [K in keyof Request]: Request[K] }

/** From words to a request. `text` is there where --caps or --iab is given. Throws a ToolError `E_USAGE`, or `E_INPUT` of a text. Pure. */
export function readWords({ given }: Pick<ScannedLink, 'given'>, text?: TextForms): Request {
  const request: Draft = {}
  for (const { name, value } of given) readWord(request, name, value === true ? '' : value, text)
  const { groups, uid, user } = request
  if (groups === 'of-user' && uid === undefined && user === undefined) throw usage('caps', '--init-groups needs --user: it is about that user\'s groups')
  return request
}

function readWord(request: Draft, name: string, word: string, text: TextForms | undefined): void {
  if (name === 'drop' || name === 'keep' || name === 'add') readChange(request, name, word)
  else if (name === 'ambient') request.ambient = add(request.ambient, name, word)
  else if (name === 'keep-caps') request.ambient = joined(request.ambient ?? { must: [], may: [] }, { must: [], may: 'all' })
  else if (name === 'caps' || name === 'iab') readText(request, name, word, text)
  else if (name === 'securebits') request.securebits = readSecurebits(word, request.securebits)
  else if (name === 'pdeathsig') request.pdeathsig = readPdeathsig(word)
  else if (name === 'no-new-privs') request.noNewPrivs = true
  else if (name === 'user') Object.assign(request, readUser(word))
  else if (name === 'groups') request.groups = once(request.groups, word.split(',').map(each => readId('--groups', each)))
  else if (name === 'init-groups') request.groups = once(request.groups, 'of-user')
  else if (name === 'clear-groups') request.groups = once(request.groups, [])
  else if (name === 'keep-groups') request.groups = once(request.groups, 'keep')
}

function readText(request: Draft, name: 'caps' | 'iab', word: string, text: TextForms | undefined): void {
  if (!text) throw new Error(`--${name} is read before its text form is loaded`)
  if (name === 'caps') request.caps = text.readCaps(word)
  else request.iab = text.parseIab(word)
}

function readChange(request: Draft, name: 'drop' | 'keep' | 'add', word: string): void {
  const change = readScoped(name, word)
  if (change) request.changes = [...(request.changes ?? []), change]
  else if (name !== 'add') request[name] = add(request[name], name, word)
}

function add(before: CapList | undefined, option: ListOption, text: string): CapList {
  const list = readList(option, text)
  return before ? joined(before, list) : list
}

function once(before: GroupsRequest | undefined, groups: GroupsRequest): GroupsRequest {
  if (before !== undefined) throw usage('caps', '--groups, --init-groups, --clear-groups and --keep-groups exclude one another')
  return groups
}

/** `1000`, `1000:100`, `web`, `web:5`, `1000:web`. Without a group: of a number the same number, of a name its own. */
export function readUser(text: string): Pick<Request, 'uid' | 'user' | 'gid' | 'group'> {
  const [user = '', group, ...more] = text.split(':')
  if (more.length > 0) throw usage('caps', `--user: '${text}' is not USER[:GROUP]`)
  const who = readId('--user', user)
  const own = typeof who === 'number' ? who : undefined
  const of = group === undefined ? own : readId('--user', group)
  return { ...(typeof who === 'number' ? { uid: who } : { user: who }), ...(of === undefined ? {} : typeof of === 'number' ? { gid: of } : { group: of }) }
}

/** A name begins with a letter, so that a number that is none is not looked up. */
function readId(option: string, word: string): GroupWord {
  return /^[A-Za-z_][^\s:,\p{C}]{0,255}$/u.test(word) ? word : parseId('caps', option, word)
}
