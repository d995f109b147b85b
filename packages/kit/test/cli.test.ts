// The frame: help, verbs, errors and exit codes, output that nobody reads, and the words of a command.
import { spawnSync } from 'node:child_process'
import t from 'tap'
import type { FailureRecord } from '../src/explain.ts'
import type { Plan } from '../src/plan.ts'
import { alpha, nodeWords, plainEnv, shell } from './fixtures/run.ts'

t.test('help and version', async t => {
  const help = alpha(['--help'])
  t.equal(help.status, 0)
  t.equal(help.stderr, '')
  for (const text of ['Usage: alpha [options] [CWD] [-- COMMAND', '-s, --set NAME', '--user[=FILE]', '(repeatable)', 'choices: "soft", "hard"', 'alpha show', '-n, --new', '--dry-run', 'alpha --set a -- env']) {
    t.ok(help.stdout.includes(text), text)
  }
  t.equal(alpha(['-h']).stdout, help.stdout)
  t.equal(alpha(['--bad', '-h']).status, 125)
  const verb = alpha(['need', '--help'])
  t.match(verb.stdout, 'Usage: alpha need [options] PID')
  t.notMatch(verb.stdout, /--plan|--set/)
  t.match(alpha(['-V']).stdout, /^alpha \d+\.\d+\.\d+\n$/)
  t.equal(spawnSync(nodeWords[0], [...nodeWords.slice(1), '--help'], { encoding: 'utf8', env: { ...plainEnv(), LANG: 'fr_FR.UTF-8', COLUMNS: '20' } }).stdout, help.stdout, 'the same in every locale')
})

t.test('verbs', async t => {
  t.equal(alpha(['show', '7']).stdout, 'PID      NAME\n7        a\n1234567  longer\n')
  t.strictSame(JSON.parse(alpha(['show', '7', '--json']).stdout), [{ pid: '7', name: 'a' }, { pid: 1234567, name: 'longer' }])
  t.match(alpha(['need']), { status: 125, stdout: '', stderr: 'alpha: pid is missing: a process\n' })
  t.match(alpha(['show', '--', 'x']), { status: 125, stderr: /^alpha: alpha show takes no command/ })
})

t.test('errors: one line and a remedy, or an object; never the whole help', async t => {
  t.strictSame(alpha(['--sett=x', '--', 'y']), { status: 125, stdout: '', stderr: 'alpha: unknown option --sett\n  fix: did you mean --set?\n' })
  const { status, stdout, stderr } = alpha(['--json', '--sett=x', '--', 'y'])
  t.strictSame([status, stdout], [125, ''])
  t.strictSame(JSON.parse(stderr), { error: { tool: 'alpha', message: 'unknown option --sett', code: 'E_USAGE', hint: 'did you mean --set?', exit: 125 } })
  t.match(shell("alpha --set $'a\\xff' --plan -- x"), { status: 125, stdout: '', stderr: /the word 'a\ufffd' is not UTF-8/ })
  t.equal(shell("alpha --set $'a\\xef\\xbf\\xbd' --plan -- x").status, 0, 'U+FFFD itself is a character like others')
})

t.test('a reader that went away ends it quietly', async t => {
  const { stdout, stderr } = shell('alpha show --all | head -n 1; echo "${PIPESTATUS[0]}"')
  t.equal(stderr, '')
  t.equal(stdout, 'line 0\n141\n')
  t.match(shell('alpha show --all | wc -l').stdout, /^50000\n$/, 'and one that reads gets all')
  const slow = 'import fcntl, os, sys; fcntl.fcntl(0, fcntl.F_SETFL, os.O_NONBLOCK); import select\nn = 0\nwhile True:\n  select.select([0], [], [])\n  part = os.read(0, 512)\n  if not part: break\n  n += part.count(b"\\n")\nprint(n)'
  t.equal(shell(`alpha show --all | python3 -c '${slow}'`).stdout, '50000\n')
  t.match(shell('alpha show --all >/dev/full'), { status: 125, stderr: /cannot write to stdout: ENOSPC \(write\)/ }, 'another failure of writing is told')
  t.equal(shell('alpha --bad 2> >(exec 0<&-); echo $?').stdout, '125\n', 'nobody reads why, the code is the same')
})

t.test('the words of a command are in the plan as they were given', async t => {
  const words = ['sh', '1e3', '-x', '--', '', 'a\nb', '--json', 'ä', "'q'", '0x10', '--plan', '\u0001']
  t.strictSame((JSON.parse(alpha(['--plan', '--', ...words]).stdout) as Plan).argv, words)
  const { argv } = JSON.parse(shell("alpha --plan -- printf $'\\xff' $'a\\xffb' '\ufffd' ok").stdout) as Plan
  t.strictSame(argv, ['printf', { base64: '/w==' }, { base64: 'Yf9i' }, '\ufffd', 'ok'])
})

t.test('--plan and --dry-run', async t => {
  t.strictSame(JSON.parse(alpha(['--plan', '-s', 'a'], { input: 'not read' }).stdout), { version: 1, steps: [{ do: 'run.env', edits: [{ name: 'a', value: 'alpha-0' }] }] }, 'without a command: steps to be saved')
  t.equal(alpha(['--dry-run', '-s', 'a', '--', 'sh', 'b c']).stdout, '1. run.env\n     words of alpha for run.env\n   = env\n2. execve "sh" "b c"\n')
  t.match(shell('TMPDIR=/nowhere alpha --plan -- sh'), { status: 125, stdout: '', stderr: /cannot write a temporary file in \/nowhere: ENOENT \(open\)/ })
  t.strictSame(JSON.parse(alpha(['--dry-run', '--json', '-s', 'a', '--', 'sh']).stdout), [{ do: 'run.env', calls: ['words of alpha for run.env'], classic: 'env' }])
})

t.test('the explainer: what the launcher recorded becomes what, why and fix', async t => {
  const failed: FailureRecord = { phase: 'failed', step: 1, errno: 2, syscall: 'chdir', path: '/nowhere', note: '' }
  const steps = [{ do: 'run.env', edits: [] }, { do: 'run.cwd', path: '/nowhere' }]
  const explain = (record: object, plan: object | null = { version: 1, steps }, json = false): ReturnType<typeof alpha> =>
    alpha([`--srcon-explain=${JSON.stringify({ tool: 'alpha', json, modules: [] })}`, `--srcon-explain=${JSON.stringify({ ...failed, ...record, plan })}`])
  t.strictSame(explain({}), { status: 125, stdout: '', stderr: 'alpha: cannot enter /nowhere: ENOENT (chdir)\n  why: there is no such directory\n  fix: mkdir /nowhere\n' })
  t.match(JSON.parse(explain({}, undefined, true).stderr), { error: { code: 'ENOENT', syscall: 'chdir', errno: 2, step: 'run.cwd', index: 1, path: '/nowhere' } })
  t.match(explain({ errno: 13 }).stderr, /^alpha: run\.cwd failed on \/nowhere: EACCES \(chdir\)\n {2}why: permission denied; none of our probes found the cause/)
  t.match(explain({}, null).stderr, /^alpha: step 1 failed on \/nowhere: ENOENT \(chdir\)/)
  t.match(explain({ phase: 'exec-failed', step: -1, path: 'nope' }), { status: 127, stderr: /cannot execute 'nope': ENOENT \(execve\)/ })
  t.match(explain({ phase: 'exec-failed', step: -1, path: '/etc', errno: 13 }), { status: 126, stderr: /EACCES[^]*is a directory/ })
  t.match(explain({ phase: 'exec-failed', step: -1, path: 'sh' }, { steps: [{ do: 'fs.pivot' }] }).stderr, /in the new root/)
  t.match(explain({ phase: 'refused', what: 'A after B', why: 'because', fix: 'B after A' }), { status: 125, stderr: 'alpha: A after B\n  why: because\n  fix: B after A\n' })
  t.match(explain({ phase: 'died', step: -1, status: 31 }), { status: 125, stderr: /system-call filter of the plan ended it/ })
})
