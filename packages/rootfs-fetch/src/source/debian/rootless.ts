// What mmdebstrap needs to make a Debian without root: a user namespace with a range of ids, which the setuid programs newuidmap and
// newgidmap give. Looked at before it is started, because it says less. See subuid(5), user_namespaces(7).
import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { ToolError } from '@srcon/kit/error'
import { userNamespaceRefusal } from '@srcon/kit/probes'
import { tool } from '../../native.ts'
import { programAt } from './programs.ts'

/** Ids that Debian's packages use. */
const NEEDED = 65_536

/** Throws a ToolError `E_HOST`. */
export function refuseRootless(): void {
  const refused = (why: string, hint: string): ToolError => new ToolError(tool, 'this user cannot make a Debian', { code: 'E_HOST', why, hint })
  const refusal = userNamespaceRefusal()
  // A filter of an outer container lets most calls pass.
  if (refusal && !refusal.why?.startsWith('a system-call filter')) throw refused(refusal.why ?? '', refusal.fix ?? 'run it as root')
  for (const name of ['newuidmap', 'newgidmap']) if (programAt(name) === undefined) throw refused(`there is no ${name}, which gives a user more ids than one`, 'apt-get install uidmap')
  const name = ownName()
  if (name === undefined) throw refused(`uid ${process.getuid?.()} has no name, and mmdebstrap looks for that in /etc/subuid`, 'run it as a user of /etc/passwd')
  for (const file of ['/etc/subuid', '/etc/subgid']) {
    const most = Math.max(0, ...rangesIn(text(file), name))
    if (most < NEEDED) throw refused(`${file} gives ${name} ${most === 0 ? 'no ids' : `only ${most} ids`}, and ${NEEDED} are needed`, `as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${name}`)
  }
}

/** Of this user, wherever the host keeps names. */
function ownName(): string | undefined {
  try {
    return userInfo().username
  } catch {
    return undefined
  }
}

/** How many ids each line gives to a user. Numbers in place of names are allowed there, and mmdebstrap does not read them. */
export function rangesIn(file: string, name: string): number[] {
  return file.split('\n').flatMap(line => {
    const [who, , count] = line.split(':')
    return who === name && count !== undefined && /^\d+$/.test(count) ? [Number(count)] : []
  })
}

function text(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
