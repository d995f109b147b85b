// kill -9 at random moments, of one process or of a whole group of them, as root and as a user whose worker unpacks in a user
// namespace: what is seen under trees/ is whole at once, the next run works and nothing half made is left. SRCON_KILL_ROUNDS=50
// does so many; without it, as many as fit in a few seconds. SRCON_SEED=N has other moments.
import { existsSync, lstatSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { native } from '../src/native.ts'
import { random } from './fixtures/random-archive.ts'
import { fetchAsync, type How } from './fixtures/run.ts'
import { layMirror, scratch, smallRoot } from './fixtures/scratch.ts'
import { serve } from './fixtures/server.ts'
import { noSubIds, subIdFile, USER, userFolder } from './fixtures/user.ts'

/** Files of the archive: enough that unpacking takes a while. */
const MANY = 500
const asked = process.env['SRCON_KILL_ROUNDS']
const rounds = Number(asked ?? 50)
/** How long they may take, milliseconds. */
const patience = asked === undefined ? 8000 : Infinity
const version = '3.20.3'

const users = [['root, or whoever runs this', false, false], ['a user with subordinate ids', true, noSubIds]] as const

for (const [who, rootless, skip] of users) {
  t.test(`kill -9 as ${who}`, { skip, timeout: 60_000 + rounds * 10_000 }, async t => {
    const folder = scratch(t, true)
    const { url } = await serve(t, layMirror(join(folder, 'mirror'), 'v3.20', { [version]: await smallRoot(folder, version, MANY) }))
    const cache = join(userFolder(folder), 'cache')
    const how: How = rootless ? { cache, uid: USER, subids: subIdFile(folder) } : { cache: join(folder, 'cache') }
    const next = random(Number(process.env['SRCON_SEED'] ?? 1))
    const args = ['alpine:3.20', '--mirror', url, '--progress=json']
    const there = (name: string): string[] => (existsSync(join(how.cache, name)) ? readdirSync(join(how.cache, name)) : [])
    const see = (): number => {
      const trees = join(how.cache, 'trees')
      const names = there('trees')
      for (const name of names) {
        t.equal(readdirSync(join(trees, name, 'rootfs/etc')).length, MANY + 1, 'a tree that is seen is whole')
        t.ok(lstatSync(join(trees, name, 'tree.json')).size > 0)
      }
      return names.length
    }
    /** Resolves when the work is seen to begin. */
    const sign = async ({ child }: ReturnType<typeof fetchAsync>): Promise<unknown> => await new Promise(resolve => {
      child.stderr?.once('data', resolve)
      child.once('exit', resolve)
    })
    /** What is being made. */
    const phase = (): string => (there('tmp').some(name => name.endsWith('.tree')) ? 'unpack' : there('tmp').length > 0 ? 'commit' : there('partial').length > 0 ? 'download' : 'elsewhere')
    /** Milliseconds of work. */
    const whole = async (): Promise<number> => {
      const run = fetchAsync(args, how)
      await sign(run)
      const began = Date.now()
      const { status, stdout, stderr } = await run.ended
      t.equal(status, 0, status === 0 ? 'the next one works' : stderr)
      t.equal(readFileSync(join(stdout.trimEnd(), 'etc/mark'), 'utf8'), version)
      t.strictSame([readdirSync(join(how.cache, 'tmp')), readdirSync(join(how.cache, 'partial'))], [[], []], 'and nothing half made is left')
      return Date.now() - began
    }
    const began = Date.now()
    const length = await whole()
    const where: Record<string, number> = {}
    let done = 0
    for (; done < rounds && Date.now() - began < patience; done++) {
      // Sometimes the archive is there already, so that more die while unpacking.
      for (const gone of ['trees', ...(next() < 0.5 ? ['blobs/sha256', 'blobs/sha512', 'refs'] : [])]) {
        for (const name of readdirSync(join(how.cache, gone))) t.equal(await native().removeTree(join(how.cache, gone, name)), null)
      }
      const several = next() < 0.3 ? 3 : 1
      const group = next() < 0.7
      const all = Array.from({ length: several }, () => fetchAsync(args, { ...how, detached: true }))
      const from = next()
      const ended = Promise.race(all.map(async one => await one.ended))
      if (from > 0.1) await Promise.race(all.map(sign))
      // Half of them once a tree is in the making.
      if (from > 0.5) {
        for (let over = false; !over && phase() !== 'unpack';) over = await Promise.race([ended.then(() => true), delay(3, false)])
      }
      await delay(length * (from > 0.5 ? 0.4 : 1.1) * next())
      const at = phase()
      for (const { child } of all) {
        try {
          process.kill(group ? -(child.pid ?? 0) : (child.pid ?? 0), 'SIGKILL')
        } catch {
          // It has ended.
        }
      }
      for (const { signal } of await Promise.all(all.map(async ({ ended }) => await ended))) {
        const found = signal === null ? 'after its end' : at
        where[found] = (where[found] ?? 0) + 1
      }
      see()
      await whole()
    }
    t.ok(Object.keys(where).some(name => name !== 'after its end'), `${done} rounds; killed: ${Object.entries(where).map(([name, n]) => `${name} ${n}`).join(', ')}`)
    t.equal(see(), 1)
    for (const name of readdirSync(join(how.cache, 'trees'))) t.equal(await native().removeTree(join(how.cache, 'trees', name)), null)
  })
}
