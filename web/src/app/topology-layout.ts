import type { TopologyNode, TopologyPicture } from '../../../src/protocol/topology-verbs.ts'

/** Where a part of the picture stands. What is large is drawn before what stands in it. */
export type Box = { node: TopologyNode; x: number; y: number; width: number; height: number; isFrame: boolean }
/** A line from part to part, as the path of an SVG. */
export type Line = { path: string; what: string; from: string; to: string }
export type Layout = { boxes: Box[]; lines: Line[]; width: number; height: number }

export const cardWidth = 212
export const cardHeight = 62
const gap = 14
const pad = 16
export const headHeight = 26
const lineHeight = 17
const tierGap = 44
const rake = 26

type Block = { width: number; height: number; place(x: number, y: number): Layout }

/**
 * Draws sites from top to bottom, in each the servers that people sign in at, below them the pools that have these as their next hop,
 * below each of them what it talks to. What does not fit into `width` goes on in the next row. The same picture gives the same layout.
 */
export function layOut({ nodes, links }: TopologyPicture, width: number): Layout {
  const inside = new Map<string, TopologyNode[]>()
  const known = new Set(nodes.map(({ id }) => id))
  for (const node of nodes) {
    const key = node.inside !== undefined && known.has(node.inside) ? node.inside : ''
    inside.set(key, [...(inside.get(key) ?? []), node])
  }
  const childrenOf = (id: string) => inside.get(id) ?? []
  const outer = childrenOf('')
  const usable = Math.max(width, cardWidth + 4 * pad)
  const isSite = ({ kind }: TopologyNode) => kind === 'site'
  const isGone = ({ change }: TopologyNode) => change === 'removed'
  const block = (site: TopologyNode) => siteBlock(site, childrenOf(site.id), links, usable, childrenOf)
  const loose = (nodes: TopologyNode[]) => (nodes.length > 0 ? [tiers(nodes, links, usable, childrenOf)] : [])
  const others = outer.filter(node => !isSite(node))
  // What is no longer there stands below everything that is.
  const blocks = [
    ...outer.filter(node => isSite(node) && !isGone(node)).map(block),
    ...loose(others.filter(node => !isGone(node))),
    ...outer.filter(node => isSite(node) && isGone(node)).map(block),
    ...loose(others.filter(isGone)),
  ]
  const all = stack(blocks, gap * 1.5).place(0, 0)
  return { ...all, lines: [...all.lines, ...linkLines(links, all.boxes)] }
}

type Children = (id: string) => TopologyNode[]

type Links = TopologyPicture['links']

function siteBlock(site: TopologyNode, parts: TopologyNode[], links: Links, width: number, children: Children): Block {
  const inner = parts.length > 0 ? tiers(parts, links, width - 2 * pad, children) : undefined
  return framed(site, inner, Math.max(inner?.width ?? 0, width - 2 * pad))
}

/** Each place where people sign in, and below it the pools that have it as their next hop; then what has none here. */
function tiers(parts: TopologyNode[], links: Links, width: number, children: Children): Block {
  const hops = parts.filter(({ kind }) => kind === 'enterprisePool' || kind === 'standardServer')
  const others = parts.filter(part => !hops.includes(part))
  const hopOf = (part: TopologyNode) =>
    links.find(({ to, from }) => to === part.id && hops.some(({ id }) => id === from))
  const drawn = (part: TopologyNode) => (part.kind === 'chatPool' ? poolBlock(part, width, children) : card(part))
  const groups = hops.map(hop => {
    const pools = others.filter(part => hopOf(part)?.from === hop.id)
    return stack([hopBlock(hop, width, children), ...wrap(pools.map(drawn), width)], tierGap)
  })
  const rest = others.filter(part => hopOf(part) === undefined)
  return stack([...wrap(groups, width), ...wrap(rest.map(drawn), width)], tierGap)
}

function hopBlock(node: TopologyNode, width: number, children: Children): Block {
  const parts = children(node.id)
  const servers = parts.filter(({ kind }) => kind !== 'chatPool')
  const pools = parts.filter(({ kind }) => kind === 'chatPool')
  const inner = [
    ...(servers.length > 0 ? [grid(servers.map(card), width - 2 * pad)] : []),
    ...pools.map(one => poolBlock(one, width - 2 * pad, children)),
  ]
  return framed(node, inner.length > 0 ? stack(inner, gap) : undefined)
}

/** A pool with its servers, and below it, as on a rake, what they talk to. */
function poolBlock(pool: TopologyNode, width: number, children: Children): Block {
  const parts = children(pool.id)
  const servers = parts.filter(({ kind }) => kind === 'chatServer')
  const others = parts.filter(({ kind }) => kind !== 'chatServer')
  const columns = Math.max(1, Math.min(3, Math.floor((width - rake + gap) / (cardWidth + gap))))
  const rows = Math.ceil(others.length / columns)
  const teeth = Math.min(columns, others.length)
  const reach = rake + teeth * (cardWidth + gap) - gap
  const inner = servers.length > 0 ? grid(servers.map(card), width - 2 * pad) : undefined
  const own = framed(pool, inner, others.length > 0 ? reach - 2 * pad : 0)
  if (others.length === 0) return own
  const wide = Math.max(own.width, reach)
  return {
    width: wide,
    height: own.height + rows * (cardHeight + rake),
    place(x, y) {
      const top = own.place(x, y)
      const boxes: Box[] = []
      const lines: Line[] = []
      for (const [i, node] of others.entries()) {
        const [column, row] = [i % columns, Math.floor(i / columns)]
        const left = x + rake + column * (cardWidth + gap)
        const upper = y + own.height + rake + row * (cardHeight + rake)
        boxes.push({ node, x: left, y: upper, width: cardWidth, height: cardHeight, isFrame: false })
        const beam = upper - rake / 2
        const middle = left + cardWidth / 2
        const trunk = x + rake / 2
        const path = `M ${trunk} ${y + own.height} V ${beam} H ${middle} V ${upper}`
        lines.push({ path, what: 'talks to', from: pool.id, to: node.id })
      }
      return { boxes: [...top.boxes, ...boxes], lines: [...top.lines, ...lines], width: wide, height: this.height }
    },
  }
}

function card(node: TopologyNode): Block {
  return {
    width: cardWidth,
    height: cardHeight,
    place: (x, y) => ({
      boxes: [{ node, x, y, width: cardWidth, height: cardHeight, isFrame: false }],
      ...{ lines: [], width: cardWidth, height: cardHeight },
    }),
  }
}

/** A part with others in it. */
function framed(node: TopologyNode, inner: Block | undefined, least = 0): Block {
  const head = headHeight + 8 + node.lines.length * lineHeight
  const width = Math.max(inner?.width ?? 0, cardWidth, least) + 2 * pad
  const height = head + (inner ? inner.height + pad : 8)
  return {
    width,
    height,
    place(x, y) {
      const placed = inner?.place(x + (width - inner.width) / 2, y + head) ?? { boxes: [], lines: [] }
      const frame: Box = { node, x, y, width, height, isFrame: true }
      return { boxes: [frame, ...placed.boxes], lines: placed.lines, width, height }
    },
  }
}

/** As even rows as fit. */
function grid(blocks: Block[], width: number): Block {
  const most = Math.max(1, Math.min(4, Math.floor((width + gap) / (cardWidth + gap))))
  const rows = Math.ceil(blocks.length / most)
  const columns = Math.ceil(blocks.length / rows)
  const lists = Array.from({ length: rows }, (_, i) => blocks.slice(i * columns, (i + 1) * columns))
  return stack(
    lists.map(list => row(list)),
    gap,
    'start',
  )
}

/** Rows of blocks, each as full as fits. */
function wrap(blocks: Block[], width: number): Block[] {
  const rows: Block[][] = []
  for (const block of blocks) {
    const last = rows.at(-1)
    const used = (last ?? []).reduce((sum, one) => sum + one.width + gap * 2, 0)
    if (last && used + block.width <= width) last.push(block)
    else rows.push([block])
  }
  return rows.map(list => row(list, gap * 2))
}

function row(blocks: Block[], between = gap): Block {
  const width = blocks.reduce((sum, one) => sum + one.width, 0) + between * (blocks.length - 1)
  const height = Math.max(0, ...blocks.map(one => one.height))
  return {
    width,
    height,
    place(x, y) {
      let left = x
      const placed = blocks.map(one => {
        const at = one.place(left, y)
        left += one.width + between
        return at
      })
      return together(placed, width, height)
    },
  }
}

function stack(blocks: Block[], between: number, align: 'middle' | 'start' = 'middle'): Block {
  const width = Math.max(0, ...blocks.map(one => one.width))
  const height = blocks.reduce((sum, one) => sum + one.height, 0) + between * Math.max(0, blocks.length - 1)
  return {
    width,
    height,
    place(x, y) {
      let top = y
      const placed = blocks.map(one => {
        const at = one.place(align === 'start' ? x : x + (width - one.width) / 2, top)
        top += one.height + between
        return at
      })
      return together(placed, width, height)
    },
  }
}

function together(placed: Layout[], width: number, height: number): Layout {
  return { boxes: placed.flatMap(one => one.boxes), lines: placed.flatMap(one => one.lines), width, height }
}

/** From the lower edge of one part to the upper edge of another; around the side, where others stand between. */
function linkLines(links: Links, boxes: Box[]): Line[] {
  const byId = new Map(boxes.map(box => [box.node.id, box]))
  return links.flatMap(({ from, to, what }, i) => {
    const [one, other] = [byId.get(from), byId.get(to)]
    if (!one || !other) return []
    const [x1, y1] = [one.x + one.width / 2, one.y + one.height]
    const [x2, y2] = [other.x + other.width / 2, other.y]
    const [left, right] = [Math.min(x1, x2), Math.max(x1, x2)]
    const between = boxes.filter(
      box =>
        ![one, other].includes(box) &&
        box.node.kind !== 'site' &&
        Math.min(y1, y2) < box.y + box.height &&
        box.y < Math.max(y1, y2) &&
        box.x < right + 1 &&
        left - 1 < box.x + box.width,
    )
    if (y2 >= y1 && between.length === 0) {
      const middle = (y1 + y2) / 2
      return [{ path: `M ${x1} ${y1} C ${x1} ${middle} ${x2} ${middle} ${x2} ${y2}`, what, from, to }]
    }
    // Each at a distance of its own.
    const side = Math.min(one.x, other.x, ...between.map(({ x }) => x)) - 5 - (i % 3) * 4
    const path = `M ${one.x} ${one.y + headHeight / 2} H ${side} V ${other.y + headHeight / 2} H ${other.x}`
    return [{ path, what, from, to }]
  })
}

/** The part that lies next in that direction, for the arrow keys. */
export function nextBox(boxes: readonly Box[], from: Box, key: string): Box | undefined {
  const middle = (box: Box) => ({
    x: box.x + box.width / 2,
    y: box.isFrame ? box.y + headHeight / 2 : box.y + box.height / 2,
  })
  const here = middle(from)
  const isSideways = key === 'ArrowLeft' || key === 'ArrowRight'
  const sign = key === 'ArrowRight' || key === 'ArrowDown' ? 1 : -1
  const ranked = boxes.flatMap(box => {
    const there = middle(box)
    const ahead = sign * (isSideways ? there.x - here.x : there.y - here.y)
    const aside = isSideways
      ? apart([from.y, from.height], [box.y, box.height])
      : apart([from.x, from.width], [box.x, box.width])
    const isAround = isSideways && box.isFrame && box.x <= from.x && from.x + from.width <= box.x + box.width
    return box !== from && ahead > 1 && !isAround && (!isSideways || aside === 0)
      ? [{ box, rank: ahead + 2 * aside }]
      : []
  })
  return ranked.sort((one, other) => one.rank - other.rank)[0]?.box
}

/** How far two stretches are from each other; 0 where they overlap. */
function apart([one, length]: [number, number], [other, width]: [number, number]): number {
  return Math.max(0, other - (one + length), one - (other + width))
}
