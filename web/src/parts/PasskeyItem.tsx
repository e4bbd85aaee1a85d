import { Button, Field, Input, makeStyles, Text, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { Passkey } from '../../../src/protocol/factor.ts'
import { useChat } from '../app/chat.ts'
import { forget } from '../app/query.ts'
import { shortTime } from '../app/time.ts'
import { ConfirmDialog } from './ConfirmDialog.tsx'

const useStyles = makeStyles({
  item: {
    display: 'flex',
    flexWrap: 'wrap',
    justifyContent: 'space-between',
    alignItems: 'center',
    gap: tokens.spacingHorizontalM,
    paddingBlock: tokens.spacingVerticalS,
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  bar: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
  name: { overflowWrap: 'anywhere' },
})

type PasskeyItemProps = { passkey: Passkey; prove: <T>(work: () => Promise<T>) => Promise<T> }

/** A passkey of one's own: renamed and removed here. */
export function PasskeyItem({ passkey: { id, name, createdAt, lastUsedAt }, prove }: PasskeyItemProps) {
  const styles = useStyles()
  const { client } = useChat()
  const [asking, setAsking] = useState<'name' | 'remove'>()
  const [typed, setTyped] = useState(name)
  return (
    <li className={styles.item}>
      <span className={styles.name}>
        <Text block>{name}</Text>
        <Text size={200} block>
          Since {shortTime(createdAt)}, {lastUsedAt === null ? 'not used yet' : `last used ${shortTime(lastUsedAt)}`}
        </Text>
      </span>
      <span className={styles.bar}>
        <Button size="small" aria-label={`Rename ${name}`} onClick={() => setAsking('name')}>
          Rename
        </Button>
        <Button size="small" aria-label={`Remove ${name}`} onClick={() => setAsking('remove')}>
          Remove
        </Button>
      </span>
      <ConfirmDialog
        title="Rename the passkey"
        action="Rename it"
        isOpen={asking === 'name'}
        canConfirm={typed.trim() !== ''}
        onClose={() => setAsking(undefined)}
        onConfirm={async () => {
          await client.request('factor.rename', { passkey: id, name: typed.trim() })
          forget('factor.list')
        }}
      >
        <Field label="Name" required>
          <Input value={typed} onChange={(_, { value }) => setTyped(value)} />
        </Field>
      </ConfirmDialog>
      <ConfirmDialog
        title={`Remove the passkey ${name}?`}
        action="Remove it"
        isOpen={asking === 'remove'}
        onClose={() => setAsking(undefined)}
        onConfirm={async () => {
          await prove(() => client.request('factor.remove', { passkey: id }))
          forget('factor.list', 'session.list')
        }}
      >
        <Text>It signs you in no more, and your other sign-ins end. Delete it on its device, too.</Text>
      </ConfirmDialog>
    </li>
  )
}
