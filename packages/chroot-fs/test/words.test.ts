// Each step in words; the schema's own examples, so that none is forgotten.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Step } from '@srcon/kit/step'
import t from 'tap'
import { words } from '../src/words.ts'

const { $defs } = JSON.parse(readFileSync(join(import.meta.dirname, '../plan.schema.json'), 'utf8')) as { $defs: Readonly<Record<string, { readonly examples: readonly Step[] }>> }

t.test('every step', async t => {
  for (const [name, { examples }] of Object.entries($defs)) {
    for (const step of examples) {
      const { calls } = words(step)
      t.ok(calls.length > 0 && calls.every(call => call.length > 3 && !/undefined|\[object/.test(call)), name)
      t.notMatch(calls[0], name, 'in words of the kernel')
    }
  }
})

t.test('some of them', async t => {
  t.strictSame(words({ do: 'fs.mount', type: 'tmpfs', target: '/t', options: { size: '1m', noswap: true }, attributes: ['ro', 'nosuid'] }), {
    calls: ['openat2(R, "/t", RESOLVE_IN_ROOT)', 'fsopen("tmpfs")', 'fsconfig("size", "1m")', 'fsconfig("noswap")', 'fsmount(MOUNT_ATTR_RDONLY|MOUNT_ATTR_NOSUID)', 'move_mount(mount, target)'],
    classic: 'mount -t tmpfs -o ro,nosuid,size=1m,noswap tmpfs R/t',
  })
  t.match(words({ do: 'fs.pivot' }), { classic: 'cd R; pivot_root . .; umount -l .; cd /' })
  t.match(words({ do: 'fs.chroot', path: { base64: 'L/8=' } }), { classic: /^chroot \// })
  t.match(words({ do: 'fs.open', tree: 't', path: './a', recursive: true }), { calls: ['t = open_tree("./a", OPEN_TREE_CLONE|AT_RECURSIVE)'] })
  t.strictSame(words({ do: 'run.cwd', path: '/w' }), { calls: ['chdir("/w")'], classic: 'cd /w' })
})
