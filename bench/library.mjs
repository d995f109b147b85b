// One process of a given size starts containers and other things by turns. usage: library.mjs MEGABYTES ROOT ROUNDS
// Prints JSON: the median of each, milliseconds from the call to the `exit` event.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { launch, plan } from '@srcon/kit'
import { container, has } from './programs.mjs'

const [megabytes, root, rounds] = [Number(process.argv[2]), process.argv[3], Number(process.argv[4])]
const start = Math.max(0, megabytes * 2 ** 20 - process.memoryUsage.rss())
const ballast = Buffer.alloc(start, 1)

const steps = container(root, false)
const bwrap = ['--unshare-pid', '--unshare-uts', '--unshare-ipc', '--bind', root, '/', '--proc', '/proc', '/stamp']
const contenders = {
  spawn: () => spawn('/bin/true', { stdio: 'ignore' }),
  container: () => launch(plan(['/stamp'], steps), { stdio: ['ignore', 'ignore', 'ignore'] }),
  ...(has('bwrap') ? { bwrap: () => spawn('bwrap', bwrap, { stdio: 'ignore' }) } : {}),
}

const times = Object.fromEntries(Object.keys(contenders).map(name => [name, []]))
for (let round = -3; round < rounds; round++) {
  for (const [name, begin] of Object.entries(contenders)) {
    const before = performance.now()
    const child = begin()
    const [code] = await once(child, 'exit')
    if (code !== 0) throw new Error(`${name} ended with ${code}`)
    if (round >= 0) times[name].push(performance.now() - before)
  }
}
const median = list => list.toSorted((a, b) => a - b)[list.length >> 1]
const rss = process.memoryUsage.rss() / 2 ** 20
console.log(JSON.stringify({ rss: Math.round(rss), kept: ballast.length > 0, ...Object.fromEntries(Object.entries(times).map(([name, list]) => [name, median(list)])) }))
