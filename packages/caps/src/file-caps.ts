// Capabilities of files, for the verbs and the library. A file's `security.capability` is read and
// written by descriptor; links are never followed. See capabilities(7), setcap(8).
import { lastCap, selfStatus, uidMap } from '@srcon/kit/host'
import { ToolError } from '@srcon/kit/error'
import type { Attribute } from '../native/index.d.ts'
import { setOf } from './names.ts'
import { failed, native } from './native.ts'
import { formatClauses, parseClauses } from './text/index.ts'

export interface FileCapabilities {
  /** As getcap(8) writes it: `cap_net_raw=ep`; `=` is an attribute that gives nothing, which is not the same as none. */
  readonly text: string
  readonly permitted: bigint
  readonly inheritable: bigint
  /** The program starts with its permitted set effective. */
  readonly effective: boolean
  /** Form of the attribute: 2, or 3 where it counts only in user namespaces with this root; 1 is from before Linux 2.6.25. */
  readonly revision: number
  /** The user, as seen from here, that is root where it counts; undefined: everywhere. */
  readonly rootId: number | undefined
}

export interface FoundFile extends FileCapabilities {
  readonly path: string
}

export interface FilesUnder {
  readonly found: readonly FoundFile[]
  /** Files with an attribute that cannot be read, and why: EOVERFLOW where its root is not mapped here. */
  readonly unreadable: readonly { readonly path: string; readonly errno: number }[]
  /** Directories that could not be read, so that nobody takes "nothing found" for "nothing there". */
  readonly unread: readonly string[]
  /** Regular files looked at. */
  readonly files: number
}

function from({ permitted, inheritable, effective, revision, rootId }: Attribute): FileCapabilities {
  const sets = { permitted: BigInt(`0x${permitted}`), inheritable: BigInt(`0x${inheritable}`) }
  return { ...sets, effective, revision, rootId, text: fileText({ ...sets, effective }) }
}

/** One text for what one attribute says. Pure but for the kernel's number of capabilities. */
export function fileText({ permitted, inheritable, effective }: Pick<FileCapabilities, 'permitted' | 'inheritable' | 'effective'>): string {
  return formatClauses({ permitted, inheritable, effective: effective ? permitted | inheritable : 0n }, lastCap())
}

/** What a text means for a file, which has one effective bit for all: `e` for some of its capabilities only is
 *  refused, as setcap(8) does. Throws a ToolError. */
export function parseFileText(text: string): Pick<FileCapabilities, 'permitted' | 'inheritable' | 'effective'> {
  const { permitted, inheritable, effective } = parseClauses(text, lastCap())
  if (effective !== 0n && effective !== (permitted | inheritable)) {
    throw new ToolError('caps', `'${text}' makes only some of the file's capabilities effective`, { code: 'E_INPUT', why: 'a file has one bit for that, and it is about all of them', hint: 'give e to all that have p or i, or to none' })
  }
  return { permitted, inheritable, effective: effective !== 0n }
}

/** What a file has; undefined: no attribute. Throws a ToolError. */
export function fileCapabilities(path: string): FileCapabilities | undefined {
  const { attribute, error } = native().fileCaps(path)
  if (error) throw failed(`cannot look at ${path}`, error, why(error.errno))
  return attribute ? from(attribute) : undefined
}

/** The files with capabilities in a directory. Throws a ToolError where it cannot be opened. */
export function filesUnder(path: string, { recursive = false, oneFileSystem = false }: { readonly recursive?: boolean; readonly oneFileSystem?: boolean } = {}): FilesUnder {
  const { found, unread, files, error } = native().filesUnder(path, recursive, oneFileSystem)
  if (error) throw failed(`cannot look into ${path}`, error)
  return {
    found: found.flatMap(({ path: file, attribute }) => (attribute ? [{ path: file, ...from(attribute) }] : [])),
    unreadable: found.flatMap(({ path: file, errno }) => (errno === undefined ? [] : [{ path: file, errno }])),
    unread, files,
  }
}

/** Gives a file these capabilities, and reads them back. `rootId`: they count only in user namespaces whose root that
 *  user is. Returns what it has then. Throws a ToolError. */
export function setFileCapabilities(path: string, text: string, { rootId }: { readonly rootId?: number | undefined } = {}): FileCapabilities {
  const { permitted, inheritable, effective } = parseFileText(text)
  const digits = (set: bigint): string => set.toString(16)
  const { attribute, error } = native().setFileCaps(path, effective, digits(permitted), digits(inheritable), rootId)
  if (error || !attribute) throw failed(`cannot set capabilities of ${path}`, error ?? { syscall: 'verify', errno: 0, path, note: 'nothing is there' }, why(error?.errno ?? 0, true))
  return from(attribute)
}

/** Takes a file's attribute away; false: it had none. Throws a ToolError. */
export function removeFileCapabilities(path: string): boolean {
  const { had, error } = native().removeFileCaps(path)
  if (error) throw failed(`cannot remove capabilities of ${path}`, error, why(error.errno, true))
  return had
}

/** Whether a file has exactly these. An empty attribute (`=`) and none are two things. Throws a ToolError. */
export function verifyFileCapabilities(path: string, text: string, { rootId }: { readonly rootId?: number | undefined } = {}): boolean {
  const wanted = parseFileText(text)
  const now = fileCapabilities(path)
  return now !== undefined && now.permitted === wanted.permitted && now.inheritable === wanted.inheritable && now.effective === wanted.effective && (rootId === undefined || now.rootId === rootId)
}

/** The cause of an errno, probed. */
function why(errno: number, writing = false): { readonly why?: string; readonly hint?: string } {
  const EPERM = 1, EINVAL = 22, ELOOP = 40, EOVERFLOW = 75, EROFS = 30, EOPNOTSUPP = 95
  if (errno === ELOOP) return { why: 'it is a link, and links are not followed', hint: 'name the file itself: readlink -f says it' }
  if (errno === EINVAL && !writing) return { why: 'only regular files have capabilities' }
  if (errno === EINVAL) return { why: 'only regular files have capabilities, of the kinds that this kernel knows; with --root-id the user must be mapped in this user namespace' }
  if (errno === EOVERFLOW) return { why: 'its root id is not mapped in this user namespace' }
  if (errno === EROFS) return { why: 'its file system is mounted read-only' }
  if (errno === EOPNOTSUPP) return { why: 'its file system has no such attributes' }
  if (errno !== EPERM) return {}
  const has = (selfStatus().capabilities.effective & setOf(['CAP_SETFCAP'])) !== 0n
  if (!has) return { why: 'that needs CAP_SETFCAP, which this process does not have', hint: 'run as root, or in a user namespace to which the file belongs' }
  return uidMap().some(({ outside, count }) => outside === 0 && count === 2 ** 32 - 1) ? {} : { why: 'the file belongs to a user or group that is not mapped in this user namespace' }
}
