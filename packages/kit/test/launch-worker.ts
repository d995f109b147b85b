// A Worker that starts commands: see launch-process.test.ts.
import { parentPort, workerData } from 'node:worker_threads'
import { launch, run } from '../src/launch/index.ts'

// This is a thread's port, not a window's: it has no target origin.
/* oxlint-disable unicorn/require-post-message-target-origin */
const { argv, wait } = workerData as { argv: [string, ...string[]]; wait: boolean }
const plan = { version: 1, steps: [], argv } as const
if (wait) {
  const { status, stdout } = await run(plan)
  parentPort?.postMessage({ status, stdout })
} else {
  const child = launch(plan, { stdio: 'ignore' })
  await child.started
  parentPort?.postMessage(child.pid)
}
