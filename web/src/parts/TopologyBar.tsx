import {
  Button,
  Menu,
  MenuButton,
  MenuItem,
  MenuList,
  MenuPopover,
  MenuTrigger,
  makeStyles,
  Text,
  tokens,
} from '@fluentui/react-components'
import { AddRegular, ArrowRedoRegular, ArrowUndoRegular } from '@fluentui/react-icons'
import { exactTime, shortTime } from '../app/time.ts'
import type { TopologyEditing } from '../app/topology-editing.ts'
import type { Steps } from '../app/topology-schema.ts'

const useStyles = makeStyles({
  root: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS, alignItems: 'center' },
  words: { flexGrow: 1, flexBasis: '280px', minWidth: 0, overflowWrap: 'anywhere' },
})

const additions: [string, string][] = [
  ['Site', 'sites'],
  ['Enterprise Edition pool', 'enterprisePools'],
  ['Standard Edition server', 'standardServers'],
  ['Persistent Chat pool', 'persistentChatPools'],
]

type TopologyBarProps = {
  editing: TopologyEditing
  mayChange: boolean
  onAdd: (steps: Steps) => void
  onDownload: () => void
  onStartAnew: () => void
  onDiscard: () => void
  onPublish: () => void
}

/** What is published, what of mine is not, and what can be done with it. */
export function TopologyBar({
  editing,
  mayChange,
  onAdd,
  onDownload,
  onStartAnew,
  onDiscard,
  onPublish,
}: TopologyBarProps) {
  const styles = useStyles()
  const { edit, state, publication, store, isChanged, stands, reading } = editing
  const isEmpty = state.text === ''
  const canWrite = reading.value !== undefined && !isEmpty
  return (
    <div className={styles.root}>
      <div className={styles.words}>
        <Text block>
          {publication ? (
            <>
              Version {publication.version} is published, by {publication.author},{' '}
              <time title={exactTime(publication.at)}>{shortTime(publication.at)}</time>.
            </>
          ) : store === 'empty' ? (
            `Nothing is published ${state.base.version > 0 ? 'here any more' : 'yet'}.`
          ) : (
            'What is published is not known here.'
          )}
        </Text>
        <Text block role="status">
          {isEmpty
            ? ''
            : isChanged
              ? 'What you changed is not published. It stays in this browser until you sign out, and only you see it.'
              : 'Nothing is changed.'}
          {state.told === '' ? '' : ` ${state.told}`}
          {isChanged && !state.isKept ? ' This browser does not keep it: download it before you leave the page.' : ''}
        </Text>
      </div>
      <Button icon={<ArrowUndoRegular />} disabled={state.past.length === 0} onClick={() => edit.undo()}>
        Undo
      </Button>
      <Button icon={<ArrowRedoRegular />} disabled={state.future.length === 0} onClick={() => edit.redo()}>
        Redo
      </Button>
      <Menu>
        <MenuTrigger disableButtonEnhancement>
          <MenuButton icon={<AddRegular />} disabled={!canWrite}>
            Add
          </MenuButton>
        </MenuTrigger>
        <MenuPopover>
          <MenuList>
            {additions.map(([words, list]) => (
              <MenuItem key={list} onClick={() => onAdd([list])}>
                {words}
              </MenuItem>
            ))}
          </MenuList>
        </MenuPopover>
      </Menu>
      <Menu>
        <MenuTrigger disableButtonEnhancement>
          <MenuButton>More</MenuButton>
        </MenuTrigger>
        <MenuPopover>
          <MenuList>
            <MenuItem disabled={isEmpty} onClick={onDownload}>
              Download
            </MenuItem>
            <MenuItem disabled={isEmpty} onClick={onStartAnew}>
              Begin anew, or open a file
            </MenuItem>
            <MenuItem disabled={!isChanged} onClick={onDiscard}>
              Discard my changes
            </MenuItem>
          </MenuList>
        </MenuPopover>
      </Menu>
      {mayChange ? (
        <Button
          appearance="primary"
          disabled={!isChanged || isEmpty || stands === 'conflict' || (store !== 'there' && store !== 'empty')}
          onClick={onPublish}
        >
          Publish
        </Button>
      ) : null}
    </div>
  )
}
