import { MessageBar, MessageBarBody, makeStyles, Spinner, Text, tokens } from '@fluentui/react-components'
import { useMemo, useState } from 'react'
import { withBasis } from '../../../src/protocol/topology-basis.ts'
import { mayChange as mayChangeIt } from '../app/admin-sections.ts'
import { useChat } from '../app/chat.ts'
import { downloadText } from '../app/csv.ts'
import { faultOf } from '../app/fault.ts'
import { go, type Route } from '../app/route.ts'
import { type Base, nothing } from '../app/topology-edit.ts'
import { formActions, useChosenPart, useTopologyEditing } from '../app/topology-editing.ts'
import { ConfirmDialog } from '../parts/ConfirmDialog.tsx'
import { FaultNote } from '../parts/FaultNote.tsx'
import { SectionLinks } from '../parts/SectionLinks.tsx'
import { TopologyBar } from '../parts/TopologyBar.tsx'
import { TopologyConflict } from '../parts/TopologyConflict.tsx'
import { TopologyHistory } from '../parts/TopologyHistory.tsx'
import { type Publication, TopologyPublish } from '../parts/TopologyPublish.tsx'
import { TopologyStart } from '../parts/TopologyStart.tsx'
import { TopologyWorkplace, type View } from '../parts/TopologyWorkplace.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalL, minWidth: 0 },
})

const views = { picture: 'Picture', list: 'List', text: 'Text', history: 'History' } as const
type Shown = keyof typeof views

function routeOf(view: Shown): Route {
  return { page: 'admin', section: 'topology', ...(view === 'picture' ? {} : { query: view }) }
}

type Asking = { kind: 'publish' } | { kind: 'discard' } | { kind: 'rollback'; version: number; text: string }

/** What runs where: drawn, edited by forms or as text, published, and gone back from. */
export function AdminTopology({ view: query }: { view: string }) {
  const styles = useStyles()
  const { me } = useChat()
  const editing = useTopologyEditing()
  const { edit, state, schema, published, publication, store, hint, error, isLoading, stands } = editing
  const { selected, choice, choose, told: lost } = useChosenPart(editing)
  const [told, setTold] = useState('')
  const [asking, setAsking] = useState<Asking>()
  const [isStarting, setStarting] = useState(false)
  const mayChange = mayChangeIt(me, 'topology')
  const view = (Object.keys(views) as Shown[]).find(one => one === query) ?? 'picture'
  const show = (next: Shown) => go(routeOf(next))
  const actions = useMemo(
    () => ({ isReadOnly: false, ...formActions(edit, schema ?? {}, choose, setTold) }),
    [edit, schema, choose],
  )
  if (isLoading) return <Spinner delay={300} label="Loading" />
  const begin = (text: string, base?: Base) => {
    // A file goes on from what it was taken from, so that what others published since is a conflict.
    if (base !== undefined) edit.take(base)
    edit.set(text)
    setTold('')
    setStarting(false)
    choose('')
  }
  const done = ({ version, mark, changed }: Publication, text: string) => {
    edit.take({ version, mark, text })
    setTold(changed ? `Version ${version} is published.` : `Version ${version} is that document already.`)
  }
  const isStart = state.text === '' || isStarting
  return (
    <div className={styles.root}>
      {store === 'none' ? (
        <MessageBar intent="info" layout="multiline">
          <MessageBarBody>{hint} Until then documents are drawn and checked here, and not published.</MessageBarBody>
        </MessageBar>
      ) : null}
      {error === null ? null : <FaultNote fault={faultOf(error)} />}
      <TopologyBar
        editing={editing}
        mayChange={mayChange}
        onAdd={steps => actions.add(steps, true)}
        onDownload={() => downloadText('topology.yaml', downloaded(), 'application/yaml')}
        onStartAnew={() => setStarting(true)}
        onDiscard={() => setAsking({ kind: 'discard' })}
        onPublish={() => setAsking({ kind: 'publish' })}
      />
      {told === '' ? null : <Text role="status">{told}</Text>}
      {lost === '' ? null : <Text role="status">{lost}</Text>}
      {stands === 'conflict' && published ? (
        <TopologyConflict
          theirs={publication}
          base={state.base}
          mine={state.text}
          onKeepMine={() => edit.rebase(published)}
          onTakeTheirs={() => edit.takeOver(published)}
        />
      ) : null}
      <SectionLinks
        label="Ways to look at the topology"
        links={(Object.keys(views) as Shown[])
          .filter(one => one !== 'history' || store !== 'none')
          .map(one => ({ name: views[one], route: routeOf(one), isCurrent: one === view }))}
      />
      {view === 'history' ? (
        <TopologyHistory
          published={published ?? nothing}
          mayChange={mayChange && published !== undefined}
          onRollBack={(version, text) => setAsking({ kind: 'rollback', version, text })}
        />
      ) : isStart ? (
        <TopologyStart
          isPublished={published !== undefined && published.version > 0}
          onBack={state.text === '' ? undefined : () => setStarting(false)}
          onText={begin}
        />
      ) : (
        <TopologyWorkplace
          editing={editing}
          view={view as View}
          selected={selected}
          choice={choice}
          actions={actions}
          onSelect={choose}
          onView={show}
        />
      )}
      {asking?.kind === 'publish' ? (
        <TopologyPublish
          text={state.text}
          base={state.base}
          onClose={() => setAsking(undefined)}
          onDone={one => done(one, state.text)}
        />
      ) : null}
      {asking?.kind === 'rollback' && published ? (
        <TopologyPublish
          text={asking.text}
          base={published}
          restores={asking.version}
          onClose={() => setAsking(undefined)}
          onDone={one => (editing.isChanged ? setTold(`Version ${one.version} is published.`) : done(one, asking.text))}
        />
      ) : null}
      <ConfirmDialog
        title="Discard your changes?"
        action="Discard them"
        isOpen={asking?.kind === 'discard'}
        onClose={() => setAsking(undefined)}
        onConfirm={async () => edit.take(published ?? state.base)}
      >
        The document is as it is published then. Undo brings your changes back until you leave the page.
      </ConfirmDialog>
    </div>
  )

  /** With its basis, so that the shell knows what a change of it is based on. */
  function downloaded(): string {
    const { text, base } = state
    return base.mark === undefined ? text : withBasis({ document: text, version: base.version, mark: base.mark })
  }
}
