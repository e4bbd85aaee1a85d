import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import { type KeyboardEvent, useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { TopologyPicture as Picture } from '../../../src/protocol/topology-verbs.ts'
import { type Box, layOut, nextBox } from '../app/topology-layout.ts'
import { nodeWords, titleOf } from '../app/topology-words.ts'
import { TopologyBox } from './TopologyBox.tsx'

const useStyles = makeStyles({
  root: { position: 'relative', minWidth: 0, overflowX: 'auto' },
  picture: { display: 'block', fontFamily: tokens.fontFamilyBase },
  line: { fill: 'none', stroke: tokens.colorNeutralStrokeAccessible, strokeWidth: 1.5 },
  hop: { strokeWidth: 2.5, stroke: tokens.colorCompoundBrandStroke },
})

type TopologyPictureProps = {
  picture: Picture
  /** Pointer of the part whose form is open. */
  selected: string
  onSelect: (pointer: string) => void
}

/**
 * Sites, pools, servers and what they talk to. One stop for Tab; arrows go from part to part, Enter opens the form. Every part says in
 * words what its marks show.
 */
export function TopologyPicture({ picture, selected, onSelect }: TopologyPictureProps) {
  const styles = useStyles()
  const root = useRef<HTMLDivElement>(null)
  const width = useWidth(root)
  const { boxes, lines, ...size } = useMemo(() => layOut(picture, width), [picture, width])
  const [stop, setStop] = useState<string>()
  const words = useMemo(() => linkWords(picture), [picture])
  const current =
    boxes.find(({ node }) => node.id === stop) ?? boxes.find(({ node }) => node.path === selected) ?? boxes[0]

  function walk(event: KeyboardEvent, box: Box): void {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault()
      if (box.node.path !== '') onSelect(box.node.path)
      return
    }
    const next = event.key === 'Home' ? boxes[0] : event.key === 'End' ? boxes.at(-1) : nextBox(boxes, box, event.key)
    if (!/^(Arrow(Up|Down|Left|Right)|Home|End)$/.test(event.key)) return
    event.preventDefault()
    if (next === undefined) return
    setStop(next.node.id)
    root.current?.querySelector<SVGGElement>(`[data-id="${CSS.escape(next.node.id)}"]`)?.focus()
  }

  return (
    <div ref={root} className={styles.root}>
      {/* biome-ignore lint/a11y/useSemanticElements: no other element draws */}
      <svg
        className={styles.picture}
        role="group"
        aria-label="Picture of the topology: arrows go from part to part, Enter opens its form"
        width={size.width + 24}
        height={size.height + 4}
        viewBox={`-22 -2 ${size.width + 24} ${size.height + 4}`}
      >
        {boxes
          .filter(({ isFrame }) => isFrame)
          .map(box => (
            <TopologyBox key={box.node.id} {...boxProps(box)} />
          ))}
        <g aria-hidden>
          {lines.map(({ path, what, from, to }) => (
            <path
              key={`${from} ${to}`}
              d={path}
              className={mergeClasses(styles.line, what === 'next hop' && styles.hop)}
            />
          ))}
        </g>
        {boxes
          .filter(({ isFrame }) => !isFrame)
          .map(box => (
            <TopologyBox key={box.node.id} {...boxProps(box)} />
          ))}
      </svg>
    </div>
  )

  function boxProps(box: Box) {
    const { id, path } = box.node
    return {
      box,
      isSelected: path !== '' && path === selected && !isStandIn(box),
      isStop: box === current,
      words: nodeWords(box.node, words.get(id) ?? []),
      onSelect: () => {
        setStop(id)
        if (path !== '') onSelect(path)
      },
      onKeyDown: (event: KeyboardEvent) => walk(event, box),
    }
  }
}

/** What is embedded has no part of its own in the document: its card opens the form of the pool. */
function isStandIn({ node }: Box): boolean {
  return node.kind !== 'chatPool' && /^\/persistentChatPools\/\d+$/.test(node.path)
}

function linkWords({ nodes, links }: Picture): Map<string, string[]> {
  const names = new Map(nodes.map(node => [node.id, titleOf(node)]))
  const found = new Map<string, string[]>()
  const add = (id: string, words: string) => found.set(id, [...(found.get(id) ?? []), words])
  for (const { from, to } of links) {
    add(from, `is the next hop of ${names.get(to) ?? ''}`)
    add(to, `has the next hop ${names.get(from) ?? ''}`)
  }
  for (const node of nodes) {
    const around = node.inside === undefined ? undefined : names.get(node.inside)
    if (around !== undefined) add(node.id, `of ${around}`)
  }
  return found
}

/** As wide as there is room, in whole steps, so that it is not laid out anew for each pixel. */
function useWidth(root: { current: HTMLElement | null }): number {
  const [width, setWidth] = useState(800)
  useLayoutEffect(() => {
    const element = root.current
    if (element === null) return
    const measure = () => setWidth(Math.max(240, Math.floor((element.clientWidth - 26) / 20) * 20))
    measure()
    const watching = new ResizeObserver(measure)
    watching.observe(element)
    return () => watching.disconnect()
  }, [root])
  return width
}
