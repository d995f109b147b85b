// Why one of the launcher's own steps, `run.…`, failed; a tool's link explains the steps of the tool.
import { describeErrno } from './errno.ts'
import { hasCapability, readText } from './host.ts'
import type { Explanation, Failure } from './link.ts'
import { changesRoot } from './step.ts'

export function explainRun(failure: Failure): Explanation | undefined {
  if (failure.step.do === 'run.cwd') return explainCwd(failure)
  if (failure.step.do === 'run.rlimit') return explainLimit(failure)
  return undefined
}

function explainCwd({ path, code, errno, syscall, note, steps, index }: Failure): Explanation {
  const inRoot = changesRoot(steps.slice(0, index))
  const where = inRoot ? ' in the new root' : ''
  const what = `cannot make ${path} the working directory: ${code ? `${code} (${syscall})` : note}`
  if (code === 'ENOENT') return { what, why: `there is no such directory${where}`, fix: inRoot ? 'paths are those of the new root; make it there first' : 'make it first, or name another' }
  if (code === 'ENOTDIR') return { what, why: `it is no directory${where}` }
  if (code === 'EACCES') return { what, why: 'the user that the command runs as may not search it, or a directory above it', fix: 'name a directory that this user may enter' }
  return { what, why: note || describeErrno(errno) }
}

function explainLimit({ step, code, errno, syscall }: Failure): Explanation {
  const resource = String(step['resource'])
  const what = `cannot set the limit '${resource}' to ${String(step['soft'])}:${String(step['hard'])}: ${code} (${syscall})`
  if (code !== 'EPERM') return { what, why: describeErrno(errno) }
  if (resource === 'nofile') {
    const most = readText('/proc/sys/fs/nr_open')
    if (most !== undefined && Number(step['hard']) > Number(most)) return { what, why: `fs.nr_open is ${most}: no process may have more files open`, fix: 'ask for less' }
  }
  if (!hasCapability('SYS_RESOURCE')) return { what, why: 'a hard limit is raised, and this process has no CAP_SYS_RESOURCE', fix: 'stay below the hard limit (ulimit -H -a shows it)' }
  return { what, why: 'a hard limit is raised, and CAP_SYS_RESOURCE was dropped or is not valid in this user namespace', fix: 'put the limit before the steps that drop capabilities' }
}
