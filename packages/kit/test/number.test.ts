// Numbers from words: exactly what is written, or an error that names the option.
import t from 'tap'
import { parseCount, parseDecimal, parseDuration, parseId, parsePid } from '../src/number.ts'
import { formatSize, parseSize } from '../src/size.ts'

const never = ['', ' ', '-1', '+1', '1e9', '0x10', '0b1', '010', ' 5', '5 ', '5\n', 'NaN', 'Infinity', '1_000', '٣', '18446744073709551616', '9007199254740993', '1,5', '--', 'x']

t.test('counts and ids', async t => {
  t.equal(parseCount('t', '--pids', '0'), 0)
  t.equal(parseCount('t', '--pids', '9007199254740991'), Number.MAX_SAFE_INTEGER)
  t.equal(parseId('t', '--user', '4294967294'), 4294967294)
  t.equal(parsePid('t', 'PID', '1'), 1)
  for (const word of [...never, '1.0']) t.throws(() => parseCount('t', '--pids', word), { code: 'E_USAGE', message: /^--pids: / }, JSON.stringify(word))
  t.throws(() => parseId('t', '--user', '4294967295'), { message: "--user: '4294967295' is not a whole number from 0 to 4294967294" })
  t.throws(() => parsePid('t', 'PID', '0'), { message: /from 1 to/ })
  t.throws(() => parseCount('t', '--weight', '10001', { min: 1, max: 10000 }), { message: /from 1 to 10000/ })
})

t.test('sizes', async t => {
  const sizes: readonly [word: string, bytes: number][] = [
    ['0', 0], ['1', 1], ['64M', 64 << 20], ['64m', 64 << 20], ['64MiB', 64 << 20], ['64MB', 64 << 20], ['1G', 2 ** 30], ['1.5G', 1.5 * 2 ** 30], ['4K', 4096], ['1T', 2 ** 40], ['100B', 100], ['0.5K', 512],
  ]
  for (const [word, bytes] of sizes) t.equal(parseSize('t', '--memory', word), bytes, word)
  for (const word of [...never, '1.5', '1.5B', '.5G', '5.G', '1GG', '1 G', '1iB', '1X', '9999999999999999P', '8388608G0', 'G']) t.throws(() => parseSize('t', '--memory', word), { code: 'E_USAGE', message: /^--memory: / }, JSON.stringify(word))
  t.throws(() => parseSize('t', '--memory', '1K', { min: 4096 }), { message: /from 4K to/ })
  for (const [bytes, text] of [[0, '0'], [1023, '1023'], [64 << 20, '64M'], [1.5 * 2 ** 30, '1.5G']] as const) t.equal(formatSize(bytes), text)
})

t.test('decimals and durations', async t => {
  t.equal(parseDecimal('t', '--cpus', '0.5', 100_000), 50_000)
  t.equal(parseDecimal('t', '--cpus', '2', 100_000), 200_000)
  t.equal(parseDecimal('t', '--cpus', '0.1', 1_000_000_000), 100_000_000)
  for (const word of [...never, '1.', '.5', '1.0000000001']) t.throws(() => parseDecimal('t', '--cpus', word, 100), { code: 'E_USAGE', message: /^--cpus: / }, JSON.stringify(word))
  const durations: readonly [word: string, usec: number][] = [['1', 1_000_000], ['1.5s', 1_500_000], ['200ms', 200_000], ['5us', 5], ['2m', 120_000_000], ['1h', 3_600_000_000]]
  for (const [word, usec] of durations) t.equal(parseDuration('t', '--time', word), usec, word)
  for (const word of [...never, '1 s', '1sec', 's', '1.5.5s']) t.throws(() => parseDuration('t', '--time', word), { code: 'E_USAGE', message: /^--time: / }, JSON.stringify(word))
})
