import { makeStyles, tokens } from '@fluentui/react-components'
import { chartLines, labelEvery } from '../app/chart.ts'

const useStyles = makeStyles({
  root: {
    width: '100%',
    maxWidth: '960px',
    height: 'auto',
    breakInside: 'avoid',
    color: tokens.colorNeutralForeground2,
  },
  bar: { fill: tokens.colorBrandBackground, ':hover': { fill: tokens.colorBrandBackgroundHover } },
  line: { stroke: tokens.colorNeutralStroke2 },
  label: { fill: 'currentColor', fontSize: '11px', fontVariantNumeric: 'tabular-nums' },
})

const [width, height] = [960, 260]
const plot = { left: 64, right: 8, top: 12, bottom: 28 }
const shownLabels = 10

type BarChartProps = { title: string; bars: readonly { label: string; value: number }[] }

/** What a reader who does not see the bars is told: the ends, the highest and the sum. */
function inWords(title: string, bars: BarChartProps['bars']): string {
  const highest = bars.reduce((best, bar) => (bar.value > best.value ? bar : best))
  const sum = bars.reduce((total, bar) => total + bar.value, 0)
  return `${title}, ${bars[0]?.label} to ${bars.at(-1)?.label}: highest ${highest.value.toLocaleString()} at ${highest.label}, average ${Math.round(sum / bars.length).toLocaleString()}. The table below has every number.`
}

/** Bars in order of time. */
export function BarChart({ title, bars }: BarChartProps) {
  const styles = useStyles()
  if (bars.length === 0) return null
  const lines = chartLines(Math.max(...bars.map(bar => bar.value)))
  const top = lines.at(-1) ?? 1
  const slot = (width - plot.left - plot.right) / bars.length
  const y = (value: number) => height - plot.bottom - (value / top) * (height - plot.top - plot.bottom)
  const every = labelEvery(bars.length, shownLabels)
  return (
    <svg viewBox={`0 0 ${width} ${height}`} className={styles.root} role="img" aria-label={inWords(title, bars)}>
      {lines.map(value => (
        <g key={value}>
          <line x1={plot.left} x2={width - plot.right} y1={y(value)} y2={y(value)} className={styles.line} />
          <text x={plot.left - 8} y={y(value) + 4} textAnchor="end" className={styles.label}>
            {value.toLocaleString()}
          </text>
        </g>
      ))}
      {bars.map((bar, at) => (
        <g key={bar.label}>
          <rect
            className={styles.bar}
            x={plot.left + at * slot + slot * 0.12}
            width={Math.max(1, Math.min(slot * 0.76, 64))}
            y={y(bar.value)}
            height={height - plot.bottom - y(bar.value)}
          >
            <title>{`${bar.label}: ${bar.value.toLocaleString()}`}</title>
          </rect>
          {at % every === 0 ? (
            <text x={plot.left + at * slot + slot * 0.12} y={height - 8} className={styles.label}>
              {bar.label}
            </text>
          ) : null}
        </g>
      ))}
    </svg>
  )
}
