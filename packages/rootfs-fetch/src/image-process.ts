// What an image says of its command, as `process` of a config: words, environment, working directory, and the user as numbers, since
// a config knows no names. The names are those of the tree's own passwd(5) and group(5), read inside the tree, whoever made it.
import type { OciConfig, OciProcess } from '@srcon/kit/config'
import { ToolError } from '@srcon/kit/error'
import { escapeControl } from './escape.ts'
import { native, tool } from './native.ts'
import type { ImageConfig } from './source/kind.ts'

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
/** Bytes of passwd or group. */
const LIMIT = 4 << 20

/** A user as a config wants it. */
export interface ImageUser {
  readonly uid: number
  readonly gid: number
  readonly additionalGids: readonly number[]
  readonly home: string | undefined
}

/** What the config says already stays: words, directory and user whole, variables one by one. `root` is the image's tree. Throws a ToolError `E_IMAGE`. */
export function withImage(config: OciConfig, image: ImageConfig, root: string): OciConfig {
  const { process } = config
  const words = [...(image.entrypoint ?? []), ...(image.cmd ?? [])]
  const user = image.user === undefined || process?.user !== undefined ? undefined : userOf(image.user, accountsOf(root))
  const cwd = process?.cwd ?? absolute(image.workdir)
  const args = process?.args ?? (words.length > 0 ? words : undefined)
  // Without a user it is 0, whose home may be said in passwd too; /root is what images mean.
  const uid = process?.user?.uid ?? user?.uid ?? 0
  const home = user?.home ?? (uid === 0 ? '/root' : '/')
  const env = variables([PATH, `HOME=${home}`], image.env ?? [], process?.env ?? [])
  const made: OciProcess = {
    ...process, env, ...(args ? { args } : {}), ...(cwd === undefined ? {} : { cwd }),
    ...(user ? { user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids } } : {}),
  }
  return { ...config, process: made }
}

/** A later list wins; each variable stands where it was first said. */
function variables(...lists: readonly (readonly string[])[]): string[] {
  const all = new Map<string, string>()
  for (const variable of lists.flat()) all.set(variable.slice(0, Math.max(0, variable.indexOf('='))), variable)
  return [...all.values()]
}

const absolute = (path: string | undefined): string | undefined => (path === undefined || path.startsWith('/') ? path : `/${path}`)

/** Lines of passwd and group, in fields. */
export interface Accounts {
  readonly passwd: readonly (readonly string[])[]
  readonly group: readonly (readonly string[])[]
}

function accountsOf(root: string): Accounts {
  const lines = (path: string): string[][] => (native().readInside(root, path, LIMIT).bytes?.toString() ?? '').split('\n').map(line => line.split(':'))
  return { passwd: lines('etc/passwd'), group: lines('etc/group') }
}

/** From `name`, `1000`, `name:group`, `1000:1000`. A number need not be in passwd; its group is then 0, as container tools have it. Pure. */
export function userOf(word: string, { passwd, group }: Accounts): ImageUser {
  const colon = word.indexOf(':')
  const [name, groupName] = colon < 0 ? [word, undefined] : [word.slice(0, colon), word.slice(colon + 1)]
  const missing = (what: string, file: string): ToolError => new ToolError(tool, `the image runs as ${what}, and its /etc/${file} does not know it`, {
    code: 'E_IMAGE', hint: 'say the user in the config that goes in: "process": {"user": {"uid": 0, "gid": 0}}',
  })
  const entry = passwd.find(([its, , uid]) => its === name || (idOf(name) !== undefined && idOf(uid) === idOf(name)))
  const uid = idOf(entry?.[2]) ?? idOf(name)
  if (uid === undefined || name === '') throw missing(`user '${escapeControl(name)}'`, 'passwd')
  const given = groupName === undefined || groupName === '' ? undefined : (idOf(group.find(([its]) => its === groupName)?.[2]) ?? idOf(groupName))
  if (given === undefined && groupName) throw missing(`group '${escapeControl(groupName)}'`, 'group')
  // A group that is named stands for all groups of the user. The first group is among the others too: else a program could leave it,
  // and a file that is closed to the group would be open to it (CVE-2022-36109).
  const others = groupName || !entry ? [] : group.flatMap(([, , id, members = '']) => (members.split(',').includes(entry[0] ?? '') ? (idOf(id) ?? []) : []))
  const gid = given ?? idOf(entry?.[3]) ?? 0
  return { uid, gid, additionalGids: [...new Set([gid, ...others])], home: entry?.[5]?.startsWith('/') ? entry[5] : undefined }
}

function idOf(word: string | undefined): number | undefined {
  const id = word !== undefined && /^\d{1,10}$/.test(word) ? Number(word) : undefined
  // The last one means none.
  return id !== undefined && id < 0xffff_ffff ? id : undefined
}
