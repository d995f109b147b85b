// What `npm start` shows: one container, how it stands beside the host, and a program that its memory limit ends.
//   npm start                    a container of this host's own tree
//   npm start -- --root DIR      in that root
//   npm start -- CMD [ARG…]      runs this command in the container instead
// What is done here any program can do with the library: see packages/srcon/README.md.
import { container, facts, launch, plan, run, sheetLines } from '../packages/srcon/dist/index.js'

const MEMORY = '64M'
const limits = { memory: MEMORY, swap: 0, pids: 32, cpus: 0.5 }

const { root, command } = wordsOf(process.argv.slice(2))
const own = root === undefined ? {} : { root }
try {
  process.exitCode = command.length > 0 ? await runCommand() : await showAll()
} catch (error) {
  if (error?.name !== 'ToolError') throw error
  console.error(error.lines().join('\n'))
  process.exitCode = error.exit
}

function wordsOf(words) {
  let dir
  let at = 0
  if (words[at] === '--root') [dir, at] = [words[at + 1] ?? '', at + 2]
  else if (words[at]?.startsWith('--root=')) [dir, at] = [words[at].slice('--root='.length), at + 1]
  if (words[at] === '--') at++
  return { root: dir, command: words.slice(at) }
}

/** Starts it with limits; where this user cannot have any, says why and starts it without. */
async function startLimited(argv, options) {
  const child = launch(plan(argv, container({ ...own, ...limits })), options)
  try {
    await child.started
    return { child, limited: true }
  } catch (error) {
    if (error.step !== 'cgroup.join') throw error
    console.error(`${error.lines().join('\n')}\n  so: without limits; every other wall stands\n`)
    const other = launch(plan(argv, container(own)), options)
    await other.started
    return { child: other, limited: false }
  }
}

async function runCommand() {
  const { child } = await startLimited(command, { stdio: 'inherit' })
  // A terminal sends it to the command too.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  return (await child.verdict).status
}

async function showAll() {
  console.log(`A container of ${root ?? "this host's own tree"}. Its walls: namespaces, root, limits, capabilities, system calls.\n`)
  const { child, limited } = await startLimited(['sh', '-c', 'echo ready; read end'], { stdio: ['pipe', 'pipe', 'inherit'] })
  // When the shell speaks, the launcher has become it.
  await new Promise(done => child.stdout.once('data', done))
  const lines = sheetLines([facts('self'), facts(child.commandPid)], ['host', 'container'])
  console.log(`${lines.join('\n')}\n\n* is not as on the host.\n`)
  child.stdin.end('end\n')
  await child.verdict
  if (limited) return await showLimit()
  console.log('A memory hog is left out: without a limit nothing would end it.')
  return 0
}

async function showLimit() {
  console.log(`Now a program in such a container that asks for more and more memory. Its limit is ${MEMORY}.`)
  const ended = await run(plan(['sh', '-c', 'hog=x; while :; do hog=$hog$hog; done'], container({ ...own, ...limits, timeout: '20s' })))
  const { stdout: _out, stderr: _err, stdoutBytes: _outBytes, stderrBytes: _errBytes, truncated: _cut, ...verdict } = ended
  console.log(`Its verdict:\n${JSON.stringify(verdict, undefined, 2)}`)
  if (verdict.reason === 'oom') return 0
  console.error(`it was to be ended by its limit, but: ${verdict.reason}`)
  return 1
}
