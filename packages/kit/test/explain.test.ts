// From the launcher's record to an error, where no tool explains: the launcher's own steps, an
// explainer that fails, a step of a tool that is not installed.
import t from 'tap'
import { toolErrorOf, type FailureRecord } from '../src/explain.ts'
import type { AnyLink } from '../src/link.ts'
import type { Step } from '../src/step.ts'
import { makeLink } from './fixtures/tool.ts'

const failed: FailureRecord = { phase: 'failed', step: 0, errno: 2, syscall: 'chdir', path: '/a', note: '' }
const lines = (record: Partial<FailureRecord>, steps: readonly Step[], links: readonly AnyLink[] = []): string => toolErrorOf({ ...failed, ...record }, steps, links).lines().join('\n')

t.test("the launcher's own steps", async t => {
  const cwd = { do: 'run.cwd', path: '/a' }
  t.match(lines({}, [cwd]), /^srcon: cannot make \/a the working directory: ENOENT \(chdir\)\n {2}why: there is no such directory\n {2}fix: /)
  t.match(lines({ step: 1 }, [{ do: 'fs.pivot' }, cwd]), /why: there is no such directory in the new root/)
  t.match(lines({ errno: 13 }, [cwd]), /EACCES[^]*may not search it/)
  t.match(lines({ errno: 20 }, [cwd]), /ENOTDIR[^]*it is no directory/)
  t.match(lines({ errno: 0, note: 'the directory lies outside the root' }, [cwd]), /why: the directory lies outside the root/)
  const limit = { do: 'run.rlimit', resource: 'nofile', soft: 1, hard: 2 ** 40 }
  t.match(lines({ errno: 1, syscall: 'setrlimit', path: '' }, [limit]), /cannot set the limit 'nofile' to 1:1099511627776: EPERM \(setrlimit\)\n {2}why: fs.nr_open is \d+/)
  t.match(lines({ errno: 1, syscall: 'setrlimit', path: '' }, [{ ...limit, resource: 'core' }]), /a hard limit is raised/)
})

t.test('an explainer that fails does not hide what it was to explain', async t => {
  const broken: AnyLink = {
    ...makeLink('broken'),
    owns: ['ns'],
    explain() {
      throw new Error('no /proc')
    },
  }
  t.match(lines({ errno: 1, syscall: 'unshare', path: '' }, [{ do: 'ns.user' }], [broken]), 'broken: ns.user failed: EPERM (unshare)\n  why: operation not permitted; the probe for the cause failed too: no /proc')
})

t.test('nobody owns the step', async t => {
  const error = toolErrorOf({ ...failed, errno: 1, syscall: 'mount', path: '/proc', note: 'type proc' }, [{ do: 'fs.mount' }], [])
  t.strictSame(error.lines(), ['srcon: fs.mount failed on /proc: EPERM (mount)', '  why: operation not permitted (type proc); none of our probes found the cause'])
  t.match(error, { code: 'EPERM', syscall: 'mount', errno: 1, step: 'fs.mount', index: 0, path: '/proc', exit: 125 })
  t.match(lines({ errno: 0, syscall: 'verify', note: 'wrote 5, read 4' }, [{ do: 'cgroup.join' }]), /cgroup\.join failed on \/a: wrote 5, read 4/)
})

t.test('the launcher died', async t => {
  t.match(lines({ phase: 'died', step: -1, status: 9 }, []), /SIGKILL ended it/)
  t.match(lines({ phase: 'died', step: -1, status: 0 }, []), /ended without a record/)
})
