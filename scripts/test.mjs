// All tests, or the named files of tap. The last line is 'N passed, N failed' whatever happens.
//   npm test                                    lint, Rust and TypeScript
//   npm test -- packages/caps/test/x.test.ts    only these files
// What breaks without a failing test (a crate that does not compile, a test file that dies) counts as one failure.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
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
  process.stdout.write(stdout)
  let failed = 0
  for (const [, ok, bad, ignored] of stdout.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gm)) {
    count.passed += Number(ok)
    failed += Number(bad)
    count.skipped += Number(ignored)
  }
  count.failed += status !== 0 && failed === 0 ? 1 : failed
}

/** tap shows its own report; the raw TAP goes to a file and is counted here, since its JSON reporter takes a skip for a failure. */
function typescript(files) {
  const raw = join(root, 'target/tests.tap')
  mkdirSync(join(root, 'target'), { recursive: true })
  rmSync(raw, { force: true })
  const { status } = spawnSync('tap', ['--reporter=terse', `--output-file=${raw}`, ...files], { cwd: root, stdio: 'inherit' })
  let failed = 0
  let bailed = false
  for (const [kind, result] of parsed(raw)) {
    if (kind === 'bailout') bailed = true
    if (kind !== 'assert') continue
    if (result.skip || result.todo) {
      count.skipped++
      skips.push(`${result.fullname || ''} ${result.name}: ${result.skip || result.todo}`.trim())
    } else if (result.ok) count.passed++
    else failed++
  }
  count.failed += (status !== 0 && failed === 0) || bailed ? Math.max(failed, 1) : failed
}

function parsed(file) {
  try {
    return Parser.parse(readFileSync(file, 'utf8'), { flat: true })
  } catch (error) {
    console.error(`test: tap left no report: ${error.message}`)
    return []
  }
}

const files = process.argv.slice(2)
if (files.length === 0) {
  lint()
  rust()
}
typescript(files)
for (const skip of skips) console.log(`skipped: ${skip}`)
if (count.skipped > 0) console.log(`${count.skipped} skipped`)
console.log(`${count.passed} passed, ${count.failed} failed`)
process.exitCode = count.failed > 0 ? 1 : 0
