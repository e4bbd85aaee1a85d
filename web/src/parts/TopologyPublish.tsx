import { Button, Field, Input, makeStyles, Spinner, Text, tokens } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { maxNoteCharacters } from '../../../src/protocol/topology-limits.ts'
import { useChat } from '../app/chat.ts'
import { counted } from '../app/count-words.ts'
import { faultOf } from '../app/fault.ts'
import { forget } from '../app/query.ts'
import { checkText, problemsOf } from '../app/topology-check.ts'
import type { Base } from '../app/topology-edit.ts'
import { rememberPublished } from '../app/topology-editing.ts'
import { ConfirmDialog } from './ConfirmDialog.tsx'
import { FaultNote } from './FaultNote.tsx'
import { TopologyDifferences } from './TopologyDifferences.tsx'
import { ProblemWords } from './TopologyHints.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
  advice: { maxHeight: '160px', overflowY: 'auto' },
})

export type Publication = { version: number; mark: string; changed: boolean }

type TopologyPublishProps = {
  text: string
  base: Base
  /** The version that comes back; without it `text` is published. */
  restores?: number
  onClose: () => void
  onDone: (done: Publication) => void
}

const noAnswer = {
  code: 'unavailable',
  sentence: 'The Central Management Store did not answer in time, so that nothing can be compared.',
}

/** What a publication asks of each process, before it is made. */
export function TopologyPublish({ text, base, restores, onClose, onDone }: TopologyPublishProps) {
  const styles = useStyles()
  const { ask, me } = useChat()
  const [note, setNote] = useState('')
  // Asked as the dialog opens: what stands on the page may be older than what is published.
  const { data, error, refetch } = useQuery({
    queryKey: ['topology.check', 'publish', base.version, restores ?? 'own'],
    queryFn: () => checkText(ask, { text }),
    staleTime: 0,
    gcTime: 0,
  })
  const problems = problemsOf(data)
  const errors = problems.filter(({ level }) => level === 'error')
  const isNew = data?.version !== null && data?.version !== undefined && data.version !== base.version
  async function publish(): Promise<void> {
    const basis = { basedOn: base.version, ...(base.mark === undefined ? {} : { mark: base.mark }) }
    const why = note.trim()
    const input = { ...basis, ...(why === '' ? {} : { note: why }) }
    try {
      const done =
        restores === undefined
          ? await ask('topology.publish', { text, ...input })
          : await ask('topology.rollback', { version: restores, ...input })
      await rememberPublished(me.name, done, { text, note: why, base, restores })
      onDone(done)
    } finally {
      // Also where somebody else was sooner: the page then shows what he did.
      forget('topology.get', 'topology.history')
    }
  }
  const isFirst = base.version === 0
  const isCompared = data?.store === 'there' || data?.store === 'empty'
  return (
    <ConfirmDialog
      title={restores === undefined ? 'Publish the topology?' : `Publish version ${restores} again?`}
      action={restores === undefined ? 'Publish' : 'Roll back'}
      isOpen
      canConfirm={isCompared && errors.length === 0}
      onClose={onClose}
      onConfirm={publish}
    >
      <div className={styles.root}>
        {error === null ? null : <FaultNote fault={faultOf(error)} />}
        {data === undefined ? error === null ? <Spinner delay={300} label="Comparing" /> : null : null}
        {isNew ? (
          <Text role="alert">Somebody published version {data.version} meanwhile. Close this and look at it.</Text>
        ) : null}
        {errors.length === 0 ? null : (
          <Text role="alert">
            {counted(errors.length, 'error')}: a document with errors is not published.{' '}
            <ProblemWords problems={errors.slice(0, 5)} />
          </Text>
        )}
        {data !== undefined && !isCompared ? (
          <>
            <FaultNote fault={noAnswer} />
            <div>
              <Button onClick={() => void refetch()}>Ask again</Button>
            </div>
          </>
        ) : data === undefined ? null : isFirst ? (
          <Text>
            It is the first version. Servers that are started with --topology follow it; others are made by pchat
            bootstrap.
          </Text>
        ) : (
          <TopologyDifferences
            label={`What differs from version ${base.version}`}
            differences={data.differences}
            more={data.moreDifferences}
            asks={data.asks}
          />
        )}
        {problems.length > errors.length ? (
          <div className={styles.advice}>
            <Text>
              <ProblemWords problems={problems.filter(({ level }) => level === 'advice')} />
            </Text>
          </div>
        ) : null}
        <Field label="Note" hint="Why, in one line. It stands in the history.">
          <Input value={note} maxLength={maxNoteCharacters} onChange={(_, { value }) => setNote(value)} />
        </Field>
      </div>
    </ConfirmDialog>
  )
}
