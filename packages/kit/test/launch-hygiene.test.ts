// What a command gets of the Node that started it: nothing that was not named. Read from the kernel.
import { spawn } from 'node:child_process'
import { closeSync, constants, openSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { launch, run } from '../src/launch/index.ts'
import { plan } from '../src/plan.ts'

const status = async (): Promise<string> => (await run(plan(['cat', '/proc/self/status']))).stdout
const field = (text: string, name: string): string | undefined => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(text)?.[1]

t.test('signals: all default, none blocked', async t => {
  const own = readFileSync('/proc/self/status', 'utf8')
  t.not(BigInt(`0x${field(own, 'SigIgn')}`), 0n, 'Node itself ignores some')
  const child = await status()
  for (const name of ['SigIgn', 'SigBlk', 'SigPnd', 'ShdPnd']) t.equal(field(child, name), '0'.repeat(16), name)
})

t.test('environment: exactly as given', async t => {
  process.env['SRCON_TEST_LEAK'] = 'leak'
  t.teardown(() => delete process.env['SRCON_TEST_LEAK'])
  const environ = async (env?: Parameters<typeof run>[1]): Promise<string[]> => (await run(plan(['/bin/cat', '/proc/self/environ']), env)).stdout.split('\0').slice(0, -1)
  t.strictSame(await environ({ env: {} }), [])
  t.strictSame(await environ({ env: { A: '1', B: undefined, C: '' } }), ['A=1', 'C='])
  const odd = await run(plan(['/bin/cat', '/proc/self/environ']), { env: [Buffer.from([0x41, 0x3d, 0xff])] })
  t.strictSame([...odd.stdoutBytes], [0x41, 0x3d, 0xff, 0])
  t.ok((await environ()).includes('SRCON_TEST_LEAK=leak'), 'positive control: by default ours')
})

t.test('descriptors: 0 to 2 and those named, whatever we have open', async t => {
  const open = Array.from({ length: 20 }, () => openSync('/dev/null', 'r'))
  t.teardown(() => open.forEach(fd => closeSync(fd)))
  // The shell's own folder is closed again before it looks at each.
  const script = 'for fd in /proc/$$/fd/*; do readlink $fd >/dev/null && echo ${fd##*/}; done'
  const list = async (...named: number[]): Promise<string> => {
    const child = launch(plan(['sh', '-c', script]), { stdio: ['ignore', 'pipe', 'ignore', ...named] })
    return child.stdout ? text(child.stdout) : ''
  }
  t.equal(await list(), '0\n1\n2\n')
  t.equal(await list(open[0] ?? 0), '0\n1\n2\n3\n')
})

t.test('limit of open files: as our parent shell has it, though Node has raised its own', async t => {
  const script = `
    import { run } from ${JSON.stringify(pathToFileURL(`${import.meta.dirname}/../src/launch/index.ts`).href)}
    const { stdout } = await run({ version: 1, steps: [], argv: ['sh', '-c', 'ulimit -Sn; ulimit -Hn'] })
    process.stdout.write(stdout)`
  const shell = spawn('sh', ['-c', 'ulimit -Sn 777; ulimit -Hn; "$@"; exit', 'sh', process.execPath, '--input-type=module', '-e', script], { env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'inherit'] })
  const [hard, ...got] = (await text(shell.stdout)).trim().split('\n')
  t.strictSame(got, ['777', hard])
})

t.test('working directory', async t => {
  const where = async (cwd?: string | URL): Promise<string> => (await run(plan(['readlink', '/proc/self/cwd']), { cwd })).stdout.trim()
  t.equal(await where(), realpathSync('.'))
  t.equal(await where('/usr'), '/usr')
  t.equal(await where(new URL('file:///usr')), '/usr')
})

t.test('a pipe that Node made non-blocking is blocking for the command', async t => {
  const { stdout } = await run(plan(['cat', '/proc/self/fdinfo/0', '/proc/self/fdinfo/1']), { input: '' })
  const flags = [...stdout.matchAll(/^flags:\s*0(\d+)/gm)].map(([, octal = '']) => Number.parseInt(octal, 8))
  t.equal(flags.length, 2)
  for (const each of flags) t.equal(each & constants.O_NONBLOCK, 0)
})

t.test('what stays beside a container is a sealed copy, no file of the host', { skip: process.getuid?.() !== 0 && 'needs root' }, async t => {
  await using child = launch(plan(['sleep', '100'], { do: 'ns.pid', init: false }))
  await child.started
  t.not(child.commandPid, child.pid)
  t.match(readlinkSync(`/proc/${child.pid}/exe`), /memfd:srcon-launch/)
  t.throws(() => openSync(`/proc/${child.pid}/exe`, 'w'), { code: /ETXTBSY|EPERM|EACCES/ })
})
