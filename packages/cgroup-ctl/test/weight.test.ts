// Shares and weights: the values of current OCI runtimes, and an inverse without loss.
import t from 'tap'
import { sharesOf, weightOf } from '../src/weight.ts'

t.test('known values', async t => {
  for (const [shares, weight] of [[2, 1], [512, 59], [1024, 100], [262_144, 10_000], [1, 1], [300_000, 10_000]] as const) t.equal(weightOf(shares), weight, `${shares} shares`)
  t.equal(sharesOf(100), 1024)
})

t.test('every weight has shares that give it back', async t => {
  const lost = Array.from({ length: 10_000 }, (_, i) => i + 1).filter(weight => weightOf(sharesOf(weight)) !== weight)
  t.strictSame(lost, [])
})
