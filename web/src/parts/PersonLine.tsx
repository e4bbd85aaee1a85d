import { Badge, Button, makeStyles, mergeClasses, Persona, tokens } from '@fluentui/react-components'
import { ArrowUndoRegular, DismissRegular } from '@fluentui/react-icons'
import type { Principal } from '../../../src/protocol/principal.ts'
import { kindWords } from '../app/principal-words.ts'

const useStyles = makeStyles({
  root: {
    display: 'flex',
    alignItems: 'center',
    gap: tokens.spacingHorizontalS,
    paddingBlock: '2px',
    paddingInlineEnd: tokens.spacingHorizontalXS,
  },
  person: { flexGrow: 1, minWidth: 0, overflow: 'hidden' },
  removed: { textDecorationLine: 'line-through' },
})

type PersonLineProps = {
  person: Principal
  /** Name of the list, in lower case. */
  list: string
  state: 'there' | 'added' | 'removed'
  onToggle: () => void
}

/** Somebody on a list, who comes on it, or who goes when it is saved. */
export function PersonLine({ person, list, state, onToggle }: PersonLineProps) {
  const styles = useStyles()
  const { displayName, name, kind } = person
  const isUndo = state === 'removed'
  return (
    <li className={styles.root}>
      <Persona
        className={mergeClasses(styles.person, isUndo && styles.removed)}
        name={displayName}
        secondaryText={kind === 'user' ? name : `${kindWords[kind]}, ${name}`}
        avatar={{ 'aria-hidden': true, color: 'colorful' }}
        size="small"
      />
      {state === 'there' ? null : (
        <Badge appearance="tint" color={isUndo ? 'danger' : 'success'}>
          {isUndo ? 'goes' : 'new'}
        </Badge>
      )}
      <Button
        size="small"
        appearance="subtle"
        icon={isUndo ? <ArrowUndoRegular /> : <DismissRegular />}
        aria-label={isUndo ? `Keep ${displayName} among the ${list}` : `Remove ${displayName} from the ${list}`}
        title={isUndo ? 'Keep' : 'Remove'}
        onClick={onToggle}
      />
    </li>
  )
}
