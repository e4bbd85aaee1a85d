import { Button, makeStyles, Text, tokens } from '@fluentui/react-components'
import type { TopologyNode } from '../../../src/protocol/topology-verbs.ts'
import { countIn, type Problem } from '../app/topology-check.ts'
import { changesOf, type Part } from '../app/topology-parts.ts'
import { changeWords, kindWords, problemWords } from '../app/topology-words.ts'

const useStyles = makeStyles({
  list: { margin: 0, padding: 0, listStyleType: 'none' },
  inner: { paddingInlineStart: tokens.spacingHorizontalXXL },
  row: { justifyContent: 'flex-start', width: '100%', textAlign: 'left', minHeight: '32px', overflowWrap: 'anywhere' },
  marks: { marginInlineStart: tokens.spacingHorizontalS, fontWeight: tokens.fontWeightRegular },
})

type TopologyListProps = {
  parts: readonly Part[]
  nodes: readonly TopologyNode[]
  problems: readonly Problem[]
  selected: string
  onSelect: (pointer: string) => void
}

/** What the picture shows, as words: for who does not see it, and for who has hundreds of parts. */
export function TopologyList({ parts, nodes, problems, selected, onSelect }: TopologyListProps) {
  const styles = useStyles()
  const changes = changesOf(parts, nodes)
  const gone = nodes.filter(({ change }) => change === 'removed')
  return (
    <nav aria-label="Parts of the topology">
      <ul className={styles.list}>
        {parts.map(({ pointer, kind, name, level }) => {
          const { errors, advice } = countIn(problems, pointer)
          const marks = [changeWords[changes.get(pointer) ?? 'none'], problemWords(errors, advice)].filter(
            one => one !== '',
          )
          return (
            <li key={pointer} className={level > 1 ? styles.inner : ''}>
              <Button
                appearance={pointer === selected ? 'secondary' : 'subtle'}
                className={styles.row}
                aria-current={pointer === selected}
                onClick={() => onSelect(pointer)}
              >
                {kind} {name}
                {marks.length === 0 ? null : <span className={styles.marks}>({marks.join(', ')})</span>}
              </Button>
            </li>
          )
        })}
      </ul>
      {gone.length === 0 ? null : (
        <Text>No longer there: {gone.map(node => `${kindWords(node)} ${node.name}`).join(', ')}.</Text>
      )}
    </nav>
  )
}
