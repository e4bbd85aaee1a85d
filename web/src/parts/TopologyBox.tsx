import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import type { KeyboardEvent } from 'react'
import { type Box, headHeight } from '../app/topology-layout.ts'
import { changeWords, kindWords, titleOf } from '../app/topology-words.ts'

const useStyles = makeStyles({
  root: {
    cursor: 'pointer',
    outlineStyle: 'none',
    '&:focus-visible > rect:first-of-type': { stroke: tokens.colorStrokeFocus2, strokeWidth: 3 },
  },
  site: { fill: tokens.colorNeutralBackground2, stroke: tokens.colorNeutralStroke1, strokeWidth: 1 },
  frame: { fill: tokens.colorNeutralBackground3, stroke: tokens.colorNeutralStrokeAccessible, strokeWidth: 1 },
  card: { fill: tokens.colorNeutralBackground1, stroke: tokens.colorNeutralStrokeAccessible, strokeWidth: 1 },
  standby: { strokeDasharray: '5 3' },
  removed: { strokeDasharray: '2 4', fill: tokens.colorNeutralBackground4 },
  selected: { stroke: tokens.colorCompoundBrandStroke, strokeWidth: 3 },
  title: { fill: tokens.colorNeutralForeground1, fontSize: '13px', fontWeight: tokens.fontWeightSemibold },
  words: { fill: tokens.colorNeutralForeground2, fontSize: '12px' },
  struck: { textDecoration: 'line-through' },
  pill: { fontSize: '11px', fontWeight: tokens.fontWeightSemibold },
  added: { fill: tokens.colorPaletteGreenBackground2 },
  addedText: { fill: tokens.colorPaletteGreenForeground2 },
  changed: { fill: tokens.colorBrandBackground2 },
  changedText: { fill: tokens.colorBrandForeground2 },
  gone: { fill: tokens.colorNeutralBackground1, stroke: tokens.colorNeutralStrokeAccessible },
  goneText: { fill: tokens.colorNeutralForeground1 },
  errors: { fill: tokens.colorStatusDangerBackground1, stroke: tokens.colorStatusDangerBorder1 },
  errorsText: { fill: tokens.colorStatusDangerForeground1 },
  advice: { fill: tokens.colorStatusWarningBackground1, stroke: tokens.colorStatusWarningBorder1 },
  adviceText: { fill: tokens.colorStatusWarningForeground1 },
})

type TopologyBoxProps = {
  box: Box
  isSelected: boolean
  /** The one part that Tab reaches. */
  isStop: boolean
  words: string
  onSelect: () => void
  onKeyDown: (event: KeyboardEvent) => void
}

const letter = 7.1
const inset = 12

/** One part of the picture: a card, or a frame around others. */
export function TopologyBox({ box, isSelected, isStop, words, onSelect, onKeyDown }: TopologyBoxProps) {
  const styles = useStyles()
  const { node, x, y, width, height, isFrame } = box
  const pills = pillsOf(box)
  const pillsWidth = pills.reduce((sum, one) => sum + pillWidth(one.text) + 4, 0)
  const isGone = node.change === 'removed'
  const kind = titleOf(node) === node.name && isFrame ? `${kindWords(node)} ` : ''
  const titleWidth = width - 2 * inset - (isFrame ? pillsWidth : 0)
  const whole = `${kind}${titleOf(node)}`
  const lines = isFrame ? node.lines : cardLines(node.lines.length === 0 ? [kindWords(node)] : node.lines)
  return (
    // biome-ignore lint/a11y/useSemanticElements: a button cannot stand in a picture
    <g
      className={styles.root}
      transform={`translate(${x} ${y})`}
      role="button"
      tabIndex={isStop ? 0 : -1}
      aria-label={words}
      aria-pressed={isSelected}
      data-id={node.id}
      data-path={node.path}
      onClick={onSelect}
      onKeyDown={onKeyDown}
    >
      <title>{words}</title>
      <rect
        width={width}
        height={height}
        rx={6}
        className={mergeClasses(
          node.kind === 'site' ? styles.site : isFrame ? styles.frame : styles.card,
          node.standby && styles.standby,
          isGone && styles.removed,
          isSelected && styles.selected,
        )}
      />
      <text x={inset} y={headHeight - 7} className={mergeClasses(styles.title, isGone && styles.struck)}>
        {cut(whole.length * 8 > titleWidth ? titleOf(node) : whole, titleWidth / 8)}
      </text>
      {lines.map((line, i) => (
        <text key={line} x={inset} y={headHeight + 10 + i * 17} className={styles.words}>
          {cut(line, (width - 2 * inset) / 7)}
        </text>
      ))}
      {pills.map(({ text, look }, i) => {
        const before = pills.slice(0, i).reduce((sum, one) => sum + pillWidth(one.text) + 4, 0)
        const left = width - 8 - pillsWidth + before + 4
        const top = isFrame ? 6 : -9
        return (
          <g key={look} transform={`translate(${left} ${top})`}>
            <rect width={pillWidth(text)} height={18} rx={9} className={styles[look]} />
            <text x={8} y={13} className={mergeClasses(styles.pill, styles[`${look}Text`])}>
              {text}
            </text>
          </g>
        )
      })}
    </g>
  )
}

type Look = 'added' | 'changed' | 'gone' | 'errors' | 'advice'

/** Each has a sign of its own: nothing is told by its colour alone. */
function pillsOf({ node }: Box): { text: string; look: Look }[] {
  const { change, errors, advice } = node
  return [
    ...(change === 'added' ? [{ text: `+ ${changeWords.added}`, look: 'added' as const }] : []),
    ...(change === 'changed' ? [{ text: `~ ${changeWords.changed}`, look: 'changed' as const }] : []),
    ...(change === 'removed' ? [{ text: `− ${changeWords.removed}`, look: 'gone' as const }] : []),
    ...(errors > 0 ? [{ text: `✕ ${errors} error${errors === 1 ? '' : 's'}`, look: 'errors' as const }] : []),
    ...(advice > 0 ? [{ text: `! ${advice} advice`, look: 'advice' as const }] : []),
  ]
}

function pillWidth(text: string): number {
  return 18 + text.length * letter
}

/** There is room for two. */
function cardLines(lines: string[]): string[] {
  return lines.length <= 2 ? lines : [lines[0]!, `${lines[1]!} +${lines.length - 2}`]
}

/** In the middle: names of machines differ at their beginning, and domains say where. */
function cut(text: string, room: number): string {
  const most = Math.max(6, Math.floor(room))
  if (text.length <= most) return text
  const kept = Math.ceil((most - 1) * 0.65)
  return `${text.slice(0, kept)}…${text.slice(text.length - (most - 1 - kept))}`
}
