import { Button, makeStyles, Spinner, Text, Textarea, tokens } from '@fluentui/react-components'
import { ArrowDownloadRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { withBasis } from '../../../src/protocol/topology-basis.ts'
import type { PublicationCard } from '../../../src/protocol/topology-verbs.ts'
import { useChat } from '../app/chat.ts'
import { downloadText } from '../app/csv.ts'
import { faultOf } from '../app/fault.ts'
import { useVerb } from '../app/query.ts'
import { exactTime } from '../app/time.ts'
import { checkText } from '../app/topology-check.ts'
import type { Base } from '../app/topology-edit.ts'
import { FaultNote } from './FaultNote.tsx'
import { ModalFrame } from './ModalFrame.tsx'
import { TopologyDifferences } from './TopologyDifferences.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
  text: { fontFamily: tokens.fontFamilyMonospace, fontSize: '12px', whiteSpace: 'pre' },
})

type TopologyVersionProps = {
  card: PublicationCard
  published: Base
  mayChange: boolean
  onClose: () => void
  onRollBack: (text: string) => void
}

/** One version that was published: its text, and how it differs from what is published now. */
export function TopologyVersion({ card, published, mayChange, onClose, onRollBack }: TopologyVersionProps) {
  const styles = useStyles()
  const { ask } = useChat()
  const { version, author, at, note } = card
  const isNewest = version === published.version
  const { data, error } = useVerb('topology.get', { version })
  const text = data?.publication?.text
  const { data: compared, error: refused } = useQuery({
    queryKey: ['topology.check', 'version', version, published.version],
    queryFn: () => checkText(ask, { text: text! }),
    enabled: text !== undefined && !isNewest,
    gcTime: 0,
  })
  const fault = error ?? refused
  return (
    <ModalFrame
      title={`Version ${version}${isNewest ? ', which is published' : ''}`}
      onClose={onClose}
      actions={
        <>
          <Button
            icon={<ArrowDownloadRegular />}
            disabled={text === undefined}
            onClick={() =>
              downloadText(`topology-${version}.yaml`, withBasis({ ...card, document: text ?? '' }), 'application/yaml')
            }
          >
            Download
          </Button>
          {mayChange && !isNewest ? (
            <Button disabled={text === undefined} onClick={() => onRollBack(text!)}>
              Publish it again
            </Button>
          ) : null}
          <Button appearance="primary" onClick={onClose}>
            Close
          </Button>
        </>
      }
    >
      <div className={styles.root}>
        <Text>
          Published by {author} on {exactTime(at)}
          {note === '' ? '' : `: ${note}`}.
        </Text>
        {fault === null ? null : <FaultNote fault={faultOf(fault)} />}
        {isNewest ? null : compared === undefined ? (
          <Spinner delay={300} label="Comparing" />
        ) : (
          <>
            <Text weight="semibold">What would change from version {published.version}</Text>
            <TopologyDifferences
              label={`What would change from version ${published.version}`}
              differences={compared.differences}
              more={compared.moreDifferences}
              asks={compared.asks}
            />
          </>
        )}
        {text === undefined ? null : (
          <Textarea
            readOnly
            rows={12}
            aria-label={`Text of version ${version}`}
            textarea={{ className: styles.text }}
            value={text}
          />
        )}
      </div>
    </ModalFrame>
  )
}
