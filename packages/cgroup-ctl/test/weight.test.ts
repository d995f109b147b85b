// Shares and weights: the values of current OCI runtimes, and proportions that are kept.
import t from 'tap'
import { proportion, sharesOf, weightOf } from '../src/weight.ts'

t.test('shares of a config become the weight that runc gives them', async t => {
  for (const [shares, weight] of [[2, 1], [512, 59], [1024, 100], [262_144, 10_000], [1, 1], [300_000, 10_000]] as const) t.equal(weightOf(shares), weight, `${shares} shares`)
})

t.test('a weight in words keeps its proportion', async t => {
  for (const [weight, shares] of [[1, 10], [10, 102], [100, 1024], [1000, 10_240], [10_000, 102_400]] as const) t.equal(sharesOf(weight), shares, `weight ${weight}`)
  const lost = Array.from({ length: 10_000 }, (_, i) => i + 1).filter(weight => proportion(sharesOf(weight)) !== weight)
  t.strictSame(lost, [], 'and comes back')
})
