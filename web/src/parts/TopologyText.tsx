import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import { useEffect, useRef } from 'react'
import type { Problem } from '../app/topology-check.ts'
import { lineRange } from '../app/topology-document.ts'

const useStyles = makeStyles({
  root: {
    display: 'flex',
    minHeight: '320px',
    height: 'min(70vh, 900px)',
    border: `1px solid ${tokens.colorNeutralStrokeAccessible}`,
    borderRadius: tokens.borderRadiusMedium,
    overflow: 'hidden',
    backgroundColor: tokens.colorNeutralBackground1,
    '&:focus-within': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  letters: {
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: '13px',
    lineHeight: '20px',
    paddingBlock: tokens.spacingVerticalS,
    margin: 0,
    boxSizing: 'border-box',
  },
  gutter: {
    flexShrink: 0,
    overflow: 'hidden',
    textAlign: 'right',
    userSelect: 'none',
    paddingInline: tokens.spacingHorizontalS,
    color: tokens.colorNeutralForeground2,
    backgroundColor: tokens.colorNeutralBackground3,
  },
  error: { color: tokens.colorStatusDangerForeground1, fontWeight: tokens.fontWeightBold },
  advice: { color: tokens.colorStatusWarningForeground1, fontWeight: tokens.fontWeightBold },
  text: {
    flexGrow: 1,
    minWidth: 0,
    border: 'none',
    resize: 'none',
    outlineStyle: 'none',
    whiteSpace: 'pre',
    overflow: 'auto',
    paddingInline: tokens.spacingHorizontalS,
    color: tokens.colorNeutralForeground1,
    backgroundColor: tokens.colorNeutralBackground1,
    tabSize: 2,
  },
})

type TopologyTextProps = {
  text: string
  problems: readonly Problem[]
  isReadOnly: boolean
  /** Where the cursor is to go; the number tells one wish from the next. */
  goTo: { line: number; wish: number } | undefined
  onChange: (text: string) => void
}

/** The same document as text. Lines with something wrong are marked beside their numbers. */
export function TopologyText({ text, problems, isReadOnly, goTo, onChange }: TopologyTextProps) {
  const styles = useStyles()
  const area = useRef<HTMLTextAreaElement>(null)
  const gutter = useRef<HTMLPreElement>(null)
  useEffect(() => {
    const element = area.current
    if (goTo === undefined || element === null) return
    element.focus()
    element.setSelectionRange(...lineRange(element.value, goTo.line))
    element.scrollTop = Math.max(0, (goTo.line - 6) * 20)
  }, [goTo])
  const marks = new Map<number, 'error' | 'advice'>()
  for (const { line, level } of problems) if (marks.get(line) !== 'error') marks.set(line, level)
  const lines = text.split('\n').length
  return (
    <div className={styles.root}>
      <pre ref={gutter} aria-hidden className={mergeClasses(styles.letters, styles.gutter)}>
        {Array.from({ length: lines }, (_, i) => {
          const mark = marks.get(i + 1)
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: a line is its number
            <span key={i} className={mark === undefined ? '' : styles[mark]}>
              {mark === undefined ? '' : mark === 'error' ? '✕ ' : '! '}
              {i + 1}
              {'\n'}
            </span>
          )
        })}
      </pre>
      <textarea
        ref={area}
        aria-label="The document as text"
        className={mergeClasses(styles.letters, styles.text)}
        value={text}
        readOnly={isReadOnly}
        spellCheck={false}
        autoComplete="off"
        onScroll={event => {
          if (gutter.current) gutter.current.scrollTop = event.currentTarget.scrollTop
        }}
        onChange={event => onChange(event.target.value)}
      />
    </div>
  )
}
