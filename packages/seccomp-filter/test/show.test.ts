// The filters of a live process, read out of the kernel: what was loaded is what is found, and the process goes on as it was.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { diff, readFilters, show } from '../src/index.ts'
import { isRoot, nodeWords, tool } from './fixtures/run.ts'

const own = show(process.pid)
const allowed = isRoot && own.mode === 'none' && /^\s*0\s+0\s+4294967295/.test(readFileSync('/proc/self/uid_map', 'utf8'))
const skip = allowed ? false : 'reading filters asks for root in the first user namespace, without a filter of its own'

/** A command under a preset, that says when it runs and ends when its stdin does. */
async function under(preset: string): Promise<ChildProcess & { readonly pid: number }> {
  const [node, ...words] = nodeWords
  const child = spawn(node, [...words, '--profile', preset, '--', 'sh', '-c', 'echo ready; read word; echo "$word"'], { stdio: ['pipe', 'pipe', 'inherit'], env: { PATH: process.env['PATH'] ?? '' } })
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve())
    child.once('error', reject).once('exit', () => reject(new Error('it ended')))
  })
  return child as ChildProcess & { pid: number }
}

const state = (pid: number): string => /^State:\t(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? ''

async function ended(child: ChildProcess): Promise<{ code: number | null; text: string }> {
  let text = ''
  child.stdout?.on('data', (piece: Buffer) => (text += piece.toString()))
  const code = await new Promise<number | null>(resolve => child.once('close', resolve))
  return { code, text }
}

t.test('decompiled, it is the preset that was loaded', { skip }, async t => {
  for (const preset of ['default', 'srcontainer']) {
    const child = await under(preset)
    try {
      const { programs } = readFilters(child.pid)
      t.equal(programs?.length, 1)
      t.match(diff({ program: programs?.[0] ?? Buffer.alloc(0) }, preset), { equal: true })
      const other = preset === 'default' ? 'srcontainer' : 'default'
      t.match(diff({ program: programs?.[0] ?? Buffer.alloc(0) }, other), { equal: false }, 'the control')
      const file = join(t.testdir({}), 'live.bpf')
      t.match(tool(['show', String(child.pid), '--raw', file]), { status: 0, stdout: /^mode: filter\nfilters: \d+\nno_new_privs: yes\n\n# filter 0, \d+ instructions\ndefault / })
      t.match(tool(['diff', file, preset]), { status: 0 })
      t.match(tool(['show', String(child.pid), '--raw', file]), { status: 125, stderr: /EEXIST/ }, 'a file that is there is not written over')
      t.match(tool(['show', String(child.pid), '--disassemble']).stdout, /\n0000: ld \[4\] +; arch\n/)
      t.match(JSON.parse(tool(['show', String(child.pid), '--json']).stdout), { mode: 'filter', programs: [{ index: 0, unsaid: [] }] })
      t.match(tool(['show', String(child.pid), '--filter', '7']), { status: 125, stderr: /there is no filter 7/ })
      t.match(state(child.pid), /^S/, 'it sleeps as before')
      const end = ended(child)
      child.stdin?.end('still here\n')
      t.match(await end, { code: 0, text: 'still here\n' }, 'and goes on')
    } finally {
      child.kill('SIGKILL')
    }
  }
})

t.test('a stopped process stays stopped', { skip }, async t => {
  const child = await under('srcontainer')
  try {
    child.kill('SIGSTOP')
    while (!state(child.pid).startsWith('T')) await new Promise(resolve => setImmediate(resolve))
    t.equal(readFilters(child.pid).programs?.length, 1)
    // Let go, it runs for an instant, to stop again by itself.
    for (const end = Date.now() + 10_000; Date.now() < end && !state(child.pid).startsWith('T'); ) await new Promise(resolve => setImmediate(resolve))
    t.match(state(child.pid), /^T/)
    child.kill('SIGCONT')
    const end = ended(child)
    child.stdin?.end('on\n')
    t.match(await end, { code: 0, text: 'on\n' })
  } finally {
    child.kill('SIGKILL')
  }
})

t.test('where it is not allowed: why, and what everybody may know', { skip }, async t => {
  const child = await under('default')
  try {
    const seen = tool(['--profile', 'srcontainer', '--', ...nodeWords, 'show', String(child.pid)])
    t.match(seen, { status: 0, stdout: /^mode: filter\nfilters: 1\nno_new_privs: yes\nwhat they say cannot be read: / })
    const nobody = spawnSync('setpriv', ['--bounding-set=-sys_admin', '--inh-caps=-sys_admin', ...nodeWords, 'show', String(child.pid)], { encoding: 'utf8' })
    t.match(nobody, { status: 0, stdout: /cannot be read: only a process with CAP_SYS_ADMIN in the first user namespace may read filters\n$/ })
    t.match(tool(['show', 'self', '--raw', '/dev/null/x']), { status: 125, stderr: /nothing to write/ })
  } finally {
    child.kill('SIGKILL')
  }
})
