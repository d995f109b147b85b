// Two builds of one checkout at once would write the same files: the second waits for the first.
// The lock is an abstract Unix socket (see unix(7)): the kernel gives it back when its owner ends, however it ends,
// and a waiter sees that as the end of its connection. No stale lock file, no polling.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, connect } from 'node:net'
import { root, say } from './run.mjs'

const name = `\0srcon-build-${process.getuid()}-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`

let held = false

/** Resolves when this process is the only builder of the checkout; the lock lasts as long as the process. */
export async function oneAtATime() {
  if (held) return
  for (let told = false; ; told = true) {
    // Unreferenced: who waits must not keep us from ending, which is what it waits for.
    const server = createServer(socket => socket.unref().resume().on('error', () => {}))
    const taken = await new Promise((done, fail) => {
      server.once('error', error => (error.code === 'EADDRINUSE' ? done(true) : fail(error)))
      server.listen(name, () => done(false))
    })
    if (!taken) {
      server.unref()
      held = true
      return
    }
    if (!told) say('another build of this checkout is running; waiting for it')
    const socket = connect(name)
    await Promise.race([once(socket, 'close'), once(socket, 'error')]).catch(() => {})
    socket.destroy()
  }
}
