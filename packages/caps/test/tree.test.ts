// tree: who is below whom, with what, in which user namespace.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { tree, treeLines, type TreeNode } from '../src/tree.ts'
import { caps, notRoot } from './fixtures/run.ts'

const none = { hex: '0000000000000000', names: [] }
const sets = { effective: none, permitted: none, inheritable: none, bounding: none, ambient: none }
const node = (pid: number, more: Partial<TreeNode> = {}): TreeNode => ({ pid, command: `p${pid}`, uid: 0, noNewPrivs: false, userNamespace: 1, sets, threads: [], children: [], folded: 0, ...more })

t.test('lines', async t => {
  const kill = { hex: '0000000000000020', names: ['CAP_KILL'] }
  const nodes = [node(1, { children: [node(2, { uid: 5, userNamespace: 7, sets: { ...sets, permitted: kill, effective: none } }), node(3, { folded: 4 })], threads: [{ tid: 9, command: 'x', uid: 0, noNewPrivs: true, sets }] })]
  t.strictSame(treeLines(nodes, 40, 1), [
    'p1(1) none',
    '├─ thread x(9) none; no_new_privs',
    '├─ p2(2) [user namespace 7] kill; effective none; uid 5',
    '└─ p3(3) none',
    '   └─ 4 without capabilities',
  ])
})

t.test('of processes', { skip: notRoot }, async t => {
  const script = 'setpriv --reuid=1000 --clear-groups --inh-caps=-all --bounding-set=-all sh -c "echo a; read x" & echo b; wait'
  const child = spawn('sh', ['-c', `exec 3<&0; ${script.replace('read x', 'read x <&3')}`], { stdio: ['pipe', 'pipe', 'inherit'] })
  let said = ''
  for await (const chunk of child.stdout) if ((said += String(chunk)).length >= 4) break
  const [top] = tree({ pid: child.pid ?? 0, all: true })
  t.match(top, { pid: child.pid, command: 'sh', children: [{ uid: 1000, sets: { permitted: { names: [] } } }], folded: 0 })
  t.match(tree({ pid: child.pid ?? 0 })[0], { children: [], folded: 1 })
  t.match(tree({ pid: child.pid ?? 0, depth: 0, all: true })[0], { children: [], folded: 0 })
  t.match(caps(['tree', String(child.pid)]).stdout, /^sh\(\d+\) all.*\n└─ 1 without capabilities\n$/)
  t.equal((JSON.parse(caps(['tree', '--all', '--json', String(child.pid)]).stdout) as TreeNode[])[0]?.children.length, 1)
  t.equal(caps(['tree', String(2 ** 22)]).status, 125)
  child.stdin.end()
  await once(child, 'exit')
})
