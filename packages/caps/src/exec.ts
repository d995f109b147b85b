// What a process has after execve(2), by the formula of capabilities(7) "Transformation of
// capabilities during execve()". Tests compare it with the kernel, row by row.
import { without } from './names.ts'
import { SECBIT } from './securebits.ts'
import type { State } from './state.ts'

/** What the executed file says; all of it left out: an ordinary program. */
export interface ExecutedFile {
  /** Its capabilities, as setcap(8) stores them; undefined: it has none, which is not the same as an empty set. */
  readonly capabilities?: { readonly permitted: bigint; readonly inheritable: bigint; readonly effective: boolean }
  /** The owner of a set-user-ID file. */
  readonly setuid?: number
}

/** What our launcher gives up before it executes the command as an ordinary user: what exec would take anyway. Pure. */
export function beforeExec(state: State): State {
  if (state.uid === 0 || state.realUid === 0) return state
  return { ...state, permitted: state.ambient, effective: state.effective & state.ambient }
}

/**
 * The state after exec of such a file; undefined: execve fails with EPERM, since the file's effective bit demands
 * capabilities that the bounding set has not. The file lies on a mount without nosuid, and its capabilities are
 * of this user namespace. Pure.
 */
export function afterExec(state: State, { capabilities: file, setuid }: ExecutedFile = {}): State | undefined {
  const { bounding, inheritable, permitted: had, securebits = 0 } = state
  let uid = setuid === undefined || state.noNewPrivs ? state.uid : setuid
  // By its id only: whoever is that already changes nothing.
  const changesId = uid !== state.uid
  let permitted = file ? (file.permitted & bounding) | (file.inheritable & inheritable) : 0n
  let effective = file?.effective ?? false
  if (file?.effective && without(file.permitted, permitted) !== 0n) return undefined
  const isRoot = uid === 0 || state.realUid === 0
  // A set-user-ID-root program with capabilities of its own gets these, not all.
  const bySetuid = uid === 0 && state.realUid !== 0
  if ((securebits & SECBIT.NOROOT) === 0 && isRoot && !(file && bySetuid)) {
    permitted = bounding | inheritable
    effective ||= uid === 0
  }
  if (state.noNewPrivs) {
    // Who would gain something gains nothing, and whose ids differ becomes who it really is.
    if (without(permitted, had) !== 0n) uid = state.realUid
    permitted &= had
  }
  const ambient = file || changesId ? 0n : state.ambient
  permitted |= ambient
  return { ...state, uid, savedUid: uid, permitted, effective: effective ? permitted : ambient, ambient, ...(state.securebits === undefined ? {} : { securebits: securebits & ~SECBIT.KEEP_CAPS }) }
}
