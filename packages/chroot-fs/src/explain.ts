// Why a root or a mount could not be made. Each cause is looked up on the host, from the state as it was
// before. See mount_namespaces(7), user_namespaces(7), pivot_root(2).
import type { Explanation, Failure } from '@srcon/kit/link'
import { textOf } from '@srcon/kit/step'
import { explainPath } from './explain-path.ts'
import { explainPrivilege } from './explain-privilege.ts'

export function explain(failure: Failure): Explanation | undefined {
  const cause = explainPath(failure) ?? explainPrivilege(failure) ?? (failure.note === '' ? undefined : { why: failure.note })
  return { what: whatFailed(failure), ...cause }
}

function whatFailed({ step, syscall, code, path, note }: Failure): string {
  const error = code ? `: ${code} (${syscall})` : ''
  const place = path || textOf(step['target'] ?? step['path'] ?? '')
  switch (step.do) {
    case 'fs.own-mounts':
      return `cannot make a mount namespace${error}`
    case 'fs.private':
      return `cannot make the mounts private${error}`
    case 'fs.open':
      return `cannot open ${textOf(step['path'])}${error}`
    case 'fs.hold':
      return `cannot say by ${place} that the root is in use${error}`
    case 'fs.overlay':
      return `cannot lay an overlay over the root${error}`
    case 'fs.attach':
      return `cannot prepare the new root${error}`
    case 'fs.mount':
      return `cannot mount ${textOf(step['type'])} on ${place}${error}`
    case 'fs.mask':
      return `cannot hide ${textOf(step['path'])}${error}`
    case 'fs.read-only':
      return `cannot make ${place || 'the root'} read-only${error}`
    case 'fs.pivot':
      return `cannot enter the new root${error}`
    case 'fs.chroot':
      return `cannot change the root${place && ` to ${place}`}${error}`
    default:
      return syscall === 'verify' ? `${place} is not as it must be: ${note}` : `cannot bring ${place} into the new root${error}`
  }
}
