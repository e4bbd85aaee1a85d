import { Button, makeStyles, Spinner, Subtitle2, Text, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { Result } from '../../../src/protocol/request.ts'
import { useChat } from '../app/chat.ts'
import { faultOf } from '../app/fault.ts'
import { forget, useVerb } from '../app/query.ts'
import { ComplianceAdapters } from '../parts/ComplianceAdapters.tsx'
import { ComplianceBounds } from '../parts/ComplianceBounds.tsx'
import { ComplianceDenials } from '../parts/ComplianceDenials.tsx'
import { ComplianceState } from '../parts/ComplianceState.tsx'
import { ConfirmDialog } from '../parts/ConfirmDialog.tsx'
import { FaultNote } from '../parts/FaultNote.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalL, maxWidth: '720px' },
  state: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalM, alignItems: 'center' },
})

/** For compliance officers: whether what happens is recorded, what waits, and where it goes. */
export function AdminCompliance() {
  const styles = useStyles()
  const { data, error } = useVerb('compliance.get', {})
  if (error !== null) return <FaultNote fault={faultOf(error)} />
  if (data === undefined) return <Spinner delay={300} label="Loading" />
  return (
    <div className={styles.root}>
      <Recording view={data} />
      <ComplianceState view={data} />
      <ComplianceBounds view={data} />
      <Subtitle2 as="h3">Where it goes</Subtitle2>
      <ComplianceAdapters view={data} />
      <Subtitle2 as="h3">Held from deletion</Subtitle2>
      <ComplianceDenials />
    </div>
  )
}

function Recording({ view }: { view: Result<'compliance.get'> }) {
  const styles = useStyles()
  const { client } = useChat()
  const [isAsking, setAsking] = useState(false)
  const { recording, unheard, backlog } = view
  async function change(): Promise<void> {
    await client.request('compliance.update', { recording: !recording })
    forget('compliance.get')
  }
  const waits =
    backlog.events === 0
      ? 'Nothing waits for the archive.'
      : `${backlog.events} events wait for the archive, the oldest for ${Math.ceil(backlog.ageSeconds)} seconds.`
  return (
    <>
      <div className={styles.state}>
        <Text weight="semibold">{recording ? 'What happens is recorded.' : 'Nothing is recorded.'}</Text>
        <Text>{waits}</Text>
        <Button onClick={() => forget('compliance.get')}>Look again</Button>
        <Button appearance={recording ? 'secondary' : 'primary'} onClick={() => setAsking(true)}>
          {recording ? 'Stop recording' : 'Start recording'}
        </Button>
      </div>
      {unheard.length === 0 ? null : (
        <Text role="alert">{unheard.join(', ')} did not say that it records. Ask who runs it to look at it.</Text>
      )}
      <ConfirmDialog
        title={recording ? 'Stop recording?' : 'Start recording?'}
        action={recording ? 'Stop it' : 'Start it'}
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={change}
      >
        {recording
          ? 'What happens from then on is in no archive, and cannot be recorded later. That you stopped it is recorded.'
          : 'From then on everything that is posted and read is recorded, on every server. What cannot be recorded does not happen.'}
      </ConfirmDialog>
    </>
  )
}
