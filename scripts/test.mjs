// All tests, or the named files of tap. The last line is 'N passed, N failed' whatever happens.
//   npm test                                    lint, Rust and TypeScript
//   npm test -- packages/caps/test/x.test.ts    only these files
// What breaks without a failing test (a crate that does not compile, a test file that dies) counts as one failure.
import { spawn, spawnSync } from 'node:child_process'
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Parser } from 'tap-parser'
import { check, checks } from './lint.mjs'
import { root } from './run.mjs'

const count = { passed: 0, failed: 0, skipped: 0 }
const skips = []
// Node 20 parses these certificates at every start, 20 ms each time.
delete process.env.NODE_EXTRA_CA_CERTS

function lint() {
  for (const each of checks) count[check(each)]++
}

/** cargo prints one summary line per test program. */
function rust() {
  const { status, stdout } = spawnSync('cargo', ['test', '--workspace', '--no-fail-fast', '--quiet'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  // Crates without tests say that at length.
  process.stdout.write(stdout.replaceAll(/\nrunning 0 tests\n\ntest result: ok\. 0 passed; 0 failed; 0 ignored.*\n/g, '').replaceAll(/\n{2,}/g, '\n'))
  let failed = 0
  for (const [, ok, bad, ignored] of stdout.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gm)) {
    count.passed += Number(ok)
    failed += Number(bad)
    count.skipped += Number(ignored)
  }
  count.failed += status !== 0 && failed === 0 ? 1 : failed
}

/**
 * tap's raw output goes to a file and is counted here, since its JSON reporter takes a skip for a failure; its reporters
 * for people write control sequences even into a pipe. Meanwhile one line a test file is shown.
 */
async function typescript(files) {
  const raw = join(root, 'target/tests.tap')
  mkdirSync(join(root, 'target'), { recursive: true })
  const tap = spawn('tap', ['--reporter=tap', ...files], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  const report = createWriteStream(raw)
  for await (const line of createInterface({ input: tap.stdout })) {
    report.write(`${line}\n`)
    const file = /^((?:not )?ok) \d+ - (.*?) # time=([\d.]+)ms/.exec(line)
    if (file) console.log(`${file[1] === 'ok' ? 'ok  ' : 'FAIL'} ${file[2]} (${(Number(file[3]) / 1000).toFixed(1)} s)`)
  }
  await new Promise(done => report.end(done))
  const status = tap.exitCode ?? (await new Promise(done => tap.once('close', done)))
  let failed = 0
  let bailed = false
  for (const [kind, result] of Parser.parse(readFileSync(raw, 'utf8'), { flat: true })) {
    if (kind === 'bailout') bailed = true
    if (kind !== 'assert') continue
    if (result.skip || result.todo) {
      count.skipped++
      skips.push(`${nameOf(result)}: ${result.skip || result.todo}`)
    } else if (result.ok) count.passed++
    else {
      failed++
      tell(result)
    }
  }
  count.failed += (status !== 0 && failed === 0) || bailed ? Math.max(failed, 1) : failed
}

const nameOf = ({ fullname, name }) => (fullname && !name.startsWith(fullname) ? `${fullname} > ${name}` : name)

/** One failed assertion: where it stands and what it found. */
function tell(result) {
  const { at, diff, found, wanted, stack, source: _source, ...rest } = result.diag ?? {}
  console.log(`\nFAIL ${nameOf(result)}${at ? ` (${at.fileName}:${at.lineNumber})` : ''}`)
  if (diff) console.log(String(diff).trimEnd())
  else if (found !== undefined || wanted !== undefined) console.log({ found, wanted })
  else console.log(rest)
  if (stack && !diff) console.log(String(stack).trimEnd())
}

const files = process.argv.slice(2)
if (files.length === 0) {
  lint()
  rust()
}
await typescript(files)
for (const skip of skips) console.log(`skipped: ${skip}`)
if (count.skipped > 0) console.log(`${count.skipped} skipped`)
console.log(`${count.passed} passed, ${count.failed} failed`)
process.exitCode = count.failed > 0 ? 1 : 0
