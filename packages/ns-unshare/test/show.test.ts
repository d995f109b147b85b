// The verbs: namespaces of this process, of others, of all.
import { readlinkSync } from 'node:fs'
import t from 'tap'
import { inodeOf, namespaceOf, TYPES } from '../src/inodes.ts'
import { linesOf, listNamespaces, printable } from '../src/list.ts'
import { show } from '../src/show.ts'
import { inside, notRoot, unshare } from './fixtures/run.ts'

const own = (type: string) => Number(/\d+/.exec(readlinkSync(`/proc/self/ns/${type}`))?.[0])

t.test('inodes', async t => {
  t.equal(inodeOf('uts:[4026531838]'), 4_026_531_838)
  t.equal(inodeOf('pipe:[x]'), undefined)
  t.equal(namespaceOf('self', 'uts'), own('uts'))
  t.equal(namespaceOf(2 ** 22, 'uts'), 'ENOENT')
})

t.test('show', async t => {
  const self = show('self')
  for (const { type, inode, same } of self.namespaces) t.strictSame([inode, same], [own(type), true], type)
  t.throws(() => show(2 ** 22), { code: 'ENOENT', why: /no such process/ })
  t.match(unshare(['show', 'self']).stdout, /^process +\d+ .*\nuser +\d+ {2}the same as here/)
  t.match(JSON.parse(unshare(['show', 'self', '--json']).stdout), { uidMap: self.uidMap, setgroups: self.setgroups })
  t.match(unshare(['show', '0']), { status: 125, stdout: '', stderr: /PID/ })
})

t.test('list', async t => {
  const all = listNamespaces()
  for (const type of TYPES) t.ok(all.some(each => each.type === type && each.inode === own(type) && each.processes >= 1), type)
  t.ok(all.every(({ pid, processes }) => pid >= 1 && processes >= 1))
  t.strictSame(listNamespaces({ types: ['uts'], pid: process.pid }).map(({ inode }) => inode), [own('uts')])
  t.match(JSON.parse(unshare(['list', '--type', 'uts', '--pid', String(process.pid), '--json']).stdout), [{ type: 'uts', inode: own('uts') }])
  t.match(unshare(['list', '-t', 'zone']), { status: 125, stderr: /zone/ })
  t.strictSame(linesOf([{ type: 'uts', inode: 5, processes: 12, pid: 1, command: 'a b', ownerUid: undefined, parent: undefined }]), ['TYPE  INODE  PROCESSES  PID  OWNER  COMMAND', 'uts       5         12    1      ?  a b'])
  t.equal(printable('a\u001b[31m\nb\u009b'), 'a?[31m?b?')
})

t.test('a namespace of its own is seen', { skip: notRoot }, async t => {
  const cli = [process.execPath, '--conditions=@srcon/source', new URL('../src/cli.ts', import.meta.url).pathname].map(word => `'${word}'`).join(' ')
  const seen = JSON.parse(inside(['--uts'], `${cli} show self --json; :`)) as ReturnType<typeof show>
  const uts = seen.namespaces.find(({ type }) => type === 'uts')
  t.not(uts?.inode, own('uts'))
  t.match(uts, { same: true, ownerUid: 0 })
  const other = JSON.parse(inside(['--uts'], `${cli} show $PPID --json; :`)) as ReturnType<typeof show>
  t.match(other.namespaces.find(({ type }) => type === 'uts'), { inode: own('uts'), same: false })
})
