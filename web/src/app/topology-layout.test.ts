import { expect, test } from 'vitest'
import { judgeDocument } from '../../../src/topology/judge.ts'
import { openRandom } from '../../../test/random.ts'
import { randomTopology } from '../../../test/topology-random.ts'
import { type Box, layOut, nextBox } from './topology-layout.ts'

const isIn = (inner: Box, outer: Box) =>
  outer.x <= inner.x &&
  outer.y <= inner.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height
const areApart = (a: Box, b: Box) =>
  a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y

test('[TB25] of random topologies every part is drawn once, inside of what it is in, and none lies on another', () => {
  let drawn = 0
  for (let seed = 1; seed <= 120; seed += 1) {
    const { picture } = judgeDocument(JSON.stringify(randomTopology(openRandom(seed))))
    if (!picture) continue
    for (const width of [300, 700, 1_300]) {
      const { boxes, ...size } = layOut(picture, width)
      expect(boxes.map(({ node }) => node.id).sort()).toEqual(picture.nodes.map(({ id }) => id).sort())
      expect(layOut(picture, width).boxes).toEqual(boxes)
      for (const [i, one] of boxes.entries()) {
        expect([one.x >= 0, one.y >= 0, one.x + one.width <= size.width, one.y + one.height <= size.height]).toEqual(
          Array(4).fill(true),
        )
        for (const other of boxes.slice(i + 1))
          expect(
            areApart(one, other) || isIn(one, other) || isIn(other, one),
            `${seed} ${one.node.id} ${other.node.id}`,
          ).toBe(true)
        const around = boxes.find(({ node }) => node.id === one.node.inside)
        if (around && ['site', 'enterprisePool', 'standardServer'].includes(around.node.kind))
          expect(isIn(one, around)).toBe(true)
      }
      drawn += boxes.length
    }
  }
  expect(drawn).toBeGreaterThan(3_000)
})

test('[TB24] arrows reach every part of a picture from every other', () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const { picture } = judgeDocument(JSON.stringify(randomTopology(openRandom(seed))))
    if (!picture || picture.nodes.length === 0) continue
    const { boxes } = layOut(picture, 800)
    const reached = new Set([boxes[0]!])
    for (const from of reached)
      for (const key of ['ArrowDown', 'ArrowUp', 'ArrowLeft', 'ArrowRight']) {
        const next = nextBox(boxes, from, key)
        if (next) reached.add(next)
      }
    expect(
      boxes.filter(box => !reached.has(box)).map(({ node }) => node.id),
      `seed ${seed}`,
    ).toEqual([])
  }
})
