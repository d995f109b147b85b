// A Node that becomes a command, or starts one: see launch-become.test.ts and launch-process.test.ts.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile, writeSync } from 'node:fs'
import { Worker, isMainThread, workerData } from 'node:worker_threads'
import { become } from '../src/launch/become.ts'
import { launch } from '../src/launch/index.ts'
import { plan } from '../src/plan.ts'
import type { Step } from '../src/step.ts'

export interface Call {
  readonly how: 'become' | 'launch' | 'unref' | 'time'
  readonly argv: readonly string[]
  readonly steps?: readonly Step[]
  readonly explain?: readonly string[]
  readonly keep?: readonly number[]
  readonly env?: readonly string[]
  /** From a thread other than the first. */
  readonly worker?: boolean
  /** Make the last word of the command longer by this much. */
  readonly longer?: number
  /** Leave a write pending. */
  readonly pending?: boolean
  /** Megabytes to fill first. */
  readonly ballast?: number
}

const call = JSON.parse(isMainThread ? (process.argv[2] ?? '') : (workerData as string)) as Call
const { how, argv, steps = [], worker, pending, longer = 0, ballast = 0, ...rest } = call
const [file = '', ...words] = argv

function becomeIt(): void {
  // A stream on a pipe makes it non-blocking.
  if (isMainThread) process.stdout.write('')
  if (pending) writeFile('/dev/null', 'text', () => {})
  try {
    // The command's words are bytes: one per character, so that a test can write any.
    become({ plan: plan([file], steps), argv: argv.map((word, i) => Buffer.from(i < words.length ? word : word + 'x'.repeat(longer), 'latin1')), ...rest })
  } catch (error) {
    writeSync(1, JSON.stringify(error))
    process.exitCode = 125
  }
}

async function time(): Promise<void> {
  const filled = Array.from({ length: ballast }, () => Buffer.alloc(1 << 20, 1))
  const best = { launch: Infinity, spawn: Infinity, filled: filled.length }
  for (let round = 0; round < 30; round++) {
    let before = performance.now()
    const ours = launch(plan(['true']), { stdio: 'ignore' })
    best.launch = Math.min(best.launch, performance.now() - before)
    await ours.verdict
    before = performance.now()
    const theirs = spawn('true', { stdio: 'ignore' })
    best.spawn = Math.min(best.spawn, performance.now() - before)
    await once(theirs, 'exit')
  }
  writeSync(1, JSON.stringify(best))
}

/** The same again, in another thread; it ends with the process. */
const inWorker = (): Worker => new Worker(new URL(import.meta.url), { workerData: process.argv[2] })

if (how === 'become' && worker && isMainThread) inWorker()
else if (how === 'become') becomeIt()
else if (how === 'time') await time()
else {
  const child = launch(plan([file, ...words], steps), { stdio: ['ignore', 'inherit', 'inherit'] })
  child.on('spawn', () => {
    writeSync(1, `${child.pid}\n`)
    if (how === 'unref') child.unref()
  })
  child.on('exit', code => writeSync(1, `exit ${code}\n`))
}
