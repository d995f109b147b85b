// A Node that starts a container and waits to be killed: see leaks.test.ts.
//   node leak-caller.ts '[STEPS…]' MARK
import { writeSync } from 'node:fs'
import { launch, plan, type Step } from '@srcon/kit'

const [steps = '[]', mark = ''] = process.argv.slice(2)
const one = plan(['sh', '-c', 'echo ready; sleep 1000', mark], JSON.parse(steps) as Step[])
writeSync(1, 'go\n')
launch(one, { stdio: ['ignore', 'inherit', 'inherit'] })
setInterval(() => {}, 1 << 30)
