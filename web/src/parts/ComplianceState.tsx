import { MessageBar, MessageBarBody, makeStyles, Text, tokens } from '@fluentui/react-components'
import type { Result } from '../../../src/protocol/request.ts'
import { shortTime } from '../app/time.ts'

const useStyles = makeStyles({ root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalS } })

type View = Result<'compliance.get'>
/** A service that moves events says so every few seconds. */
const silentMs = 60_000

/** How far the archive is, and what its last proof found. */
export function ComplianceState({ view }: { view: View }) {
  const styles = useStyles()
  const { service, proof, recording } = view
  const failing = service?.adapters.filter(one => one.failures > 0) ?? []
  return (
    <section className={styles.root} aria-label="The archive">
      <Text>{archiveWords(service)}</Text>
      {recording && (service === undefined || Date.now() - Date.parse(service.at) > silentMs) ? (
        <Alarm>No compliance service moves events now. Ask who runs it to look at it.</Alarm>
      ) : null}
      {failing.map(({ name, failures, lastError }) => (
        <Alarm key={name}>{`The adapter ${name} has failed ${failures} times: ${lastError ?? ''}`}</Alarm>
      ))}
      {proof === undefined ? (
        <Text>The archive was never verified: pchat compliance verify does it, on the machine.</Text>
      ) : proof.sound ? (
        <Text>
          {`Verified ${shortTime(proof.at)} by ${proof.by}: sound, ${proof.entries} entries, anchored up to ${proof.anchoredThrough}.`}
        </Text>
      ) : (
        <Alarm>{`NOT SOUND, verified ${shortTime(proof.at)} by ${proof.by}. ${proof.fault ?? ''}`}</Alarm>
      )}
    </section>
  )
}

function Alarm({ children }: { children: string }) {
  return (
    <MessageBar intent="error" role="alert">
      <MessageBarBody>{children}</MessageBarBody>
    </MessageBar>
  )
}

function archiveWords(service: View['service']): string {
  if (service === undefined) return 'Nothing is known of the archive yet.'
  const { entries, batch, batchAt, at } = service
  if (batchAt === undefined) return `The archive is empty, as of ${shortTime(at)}.`
  return `The archive has ${entries} entries; its last batch is ${batch}, of ${shortTime(batchAt)}, as of ${shortTime(at)}.`
}
