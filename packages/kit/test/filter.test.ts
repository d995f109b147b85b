// A filter: where its config comes from, for each thing that stdin can be, and what it leaves alone.
import { execFileSync, spawn } from 'node:child_process'
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { OciConfig } from '../src/config.ts'
import { readConfigText } from '../src/document.ts'
import { parseExactly, writeExactly } from '../src/numbers.ts'
import { alpha, nodeWords, plainEnv, shell, type Ended } from './fixtures/run.ts'

const set = ['--set', 'A=1'] as const
const config = '{"ociVersion":"1.2.0","hostname":"h","process":{"env":["B=2"]}}'
const fresh = { ociVersion: '1.2.0', process: { env: ['A=1'] } }
const added = { ociVersion: '1.2.0', hostname: 'h', process: { env: ['B=2', 'A=1'] } }

const yields = (t: Test, ended: Ended, expected: object): void => {
  t.equal(ended.stderr, '')
  t.equal(ended.status, 0)
  t.strictSame(JSON.parse(ended.stdout), expected)
}
const refuses = (t: Test, ended: Ended, text: RegExp): void => {
  t.equal(ended.status, 125)
  t.equal(ended.stdout, '', 'nothing on stdout')
  t.match(ended.stderr, text)
}

t.test('a new config: /dev/null, a closed descriptor, a terminal, -n', async t => {
  yields(t, alpha(set, { stdin: 'ignore' }), fresh)
  yields(t, shell('alpha --set A=1 <&-'), fresh)
  yields(t, alpha(['-n', ...set], { input: 'not read' }), fresh)
  const terminal = shell(`script -qec "$(declare -f alpha); alpha --set A=1 2>/dev/null" /dev/null | tr -d '\\r'`)
  t.strictSame(JSON.parse(terminal.stdout), fresh)
})

t.test('a config: a pipe, a file, --config, --config -', async t => {
  yields(t, alpha(set, { input: config }), added)
  const file = join(t.testdir({ 'config.json': config }), 'config.json')
  const fd = openSync(file, 'r')
  t.teardown(() => closeSync(fd))
  yields(t, alpha(set, { stdin: fd }), added)
  yields(t, alpha(['--config', file, ...set], { stdin: 'ignore' }), added)
  yields(t, alpha(['--config=-', ...set], { input: config }), added)
  yields(t, shell(`alpha --config <(echo '${config}') --set A=1 </dev/null`), added)
  yields(t, alpha(set, { input: '/srv/root\n' }), { ...fresh, root: { path: '/srv/root' } })
})

t.test('zero bytes from a pipe or a file are an error: what should have written them failed', async t => {
  refuses(t, alpha(set, { input: '' }), /stdin is empty[^]*why:[^]*-n starts a new config/)
  refuses(t, shell('false | alpha --set A=1'), /stdin is empty/)
  const file = join(t.testdir({ empty: '' }), 'empty')
  refuses(t, shell(`alpha --set A=1 < ${file}`), /stdin is empty/)
  refuses(t, alpha(['--config', file]), /empty is empty/)
  refuses(t, alpha(['--config=-'], { stdin: 'ignore' }), /stdin is empty/)
})

t.test('what is no config', async t => {
  refuses(t, alpha(set, { input: `${config}${config}` }), /stdin: not one JSON document/)
  refuses(t, alpha(set, { input: 'relative/path\n' }), /not one JSON document/)
  refuses(t, alpha(set, { input: '/a\n/b\n' }), /not one JSON document/)
  refuses(t, alpha(set, { input: '[]' }), /not a config: the document is not an object/)
  refuses(t, alpha(set, { input: '{"error":{}}' }), /ociVersion is missing/)
  refuses(t, alpha(set, { input: '{"ociVersion":"1.2.0","mounts":{}}' }), /mounts is not an array/)
  refuses(t, alpha(set, { input: Buffer.from([0x7b, 0xff, 0x7d]) }), /not UTF-8/)
  refuses(t, alpha(['--config', '/does/not/exist']), /cannot read the config on \/does\/not\/exist: ENOENT \(open\)/)
  refuses(t, alpha(['--config', '/']), /EISDIR/)
  refuses(t, alpha(['-n', '--config', 'x']), /exclude each other/)
  refuses(t, alpha(['-n', '--', 'true']), /--new is for the filter form/)
})

t.test('at most 16 MiB', async t => {
  const file = join(t.testdir(), 'large.json')
  const padded = (size: number): Buffer => Buffer.from(config.padEnd(size, ' '))
  writeFileSync(file, padded(16 << 20))
  yields(t, alpha(['--config', file, ...set]), added)
  writeFileSync(file, padded((16 << 20) + 1))
  refuses(t, alpha(['--config', file, ...set]), /larger than 16 MiB/)
})

t.test('somebody made the pipe non-blocking', async t => {
  const python = `import os, sys, time, fcntl; fcntl.fcntl(1, fcntl.F_SETFL, os.O_NONBLOCK); sys.stdout.write('${config}')`
  yields(t, shell(`python3 -c "${python.replaceAll('"', '\\"')}" | alpha --set A=1`), added)
})

t.test('two seconds of silence are noticed on a terminal', async t => {
  const fifo = join(t.testdir(), 'fifo')
  execFileSync('mkfifo', [fifo])
  const held = openSync(fifo, 'r+')
  const script = spawn('script', ['-qec', `${nodeWords.join(' ')} --set A=1 < ${fifo}`, '/dev/null'], { env: plainEnv() })
  let seen = ''
  for await (const part of script.stdout) {
    const before = seen
    seen += String(part)
    if (before.includes('waiting') || !seen.includes('waiting for a config on stdin')) continue
    writeSync(held, config)
    closeSync(held)
  }
  t.strictSame(JSON.parse(seen.slice(seen.indexOf('{'))), added)
})

t.test('keys that a tool does not own stay as they are, to the last digit', async t => {
  const text = '{"ociVersion":"1.2.0","x":{"__proto__":1,"n":18446744073709551615,"s":"9223372036854775807"},"l":[-9223372036854775808,1]}'
  const { stdout } = alpha(set, { input: text })
  t.match(stdout, '"n": 18446744073709551615')
  t.match(stdout, '"s": "9223372036854775807"')
  t.match(stdout, '-9223372036854775808')
  t.match(stdout, '"__proto__": 1')
  const { value, digits } = parseExactly('{"a":12345678901234567890,"b":1}')
  t.equal(writeExactly({ ...(value as object), a: 5 }, digits), '{\n  "a": 5,\n  "b": 1\n}\n', 'a changed number is the new one')
  t.throws(() => parseExactly('{"a":12345678901234567890}}'), SyntaxError)
})

t.test('a line that is a path', async t => {
  const root = (text: string): OciConfig['root'] => readConfigText('t', 'stdin', Buffer.from(text)).config.root
  t.strictSame(root('/a b'), { path: '/a b' })
  t.strictSame(root('/a\n'), { path: '/a' })
  t.throws(() => root('/a\n\n'), { code: 'E_INPUT' })
})
