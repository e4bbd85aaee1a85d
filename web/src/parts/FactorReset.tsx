import { Button, makeStyles, Text, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import { useChat } from '../app/chat.ts'
import { forget, useVerb } from '../app/query.ts'
import { ConfirmDialog } from './ConfirmDialog.tsx'
import { useProof } from './useProof.tsx'

const useStyles = makeStyles({
  root: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalM,
    marginBlockStart: tokens.spacingVerticalL,
    paddingBlockStart: tokens.spacingVerticalL,
    borderTop: `1px solid ${tokens.colorNeutralStroke2}`,
  },
})

/** What an administrator sees of a user's second factor, and the way out for who lost it. */
export function FactorReset({ user }: { user: string }) {
  const styles = useStyles()
  const { client } = useChat()
  const { prove, dialog } = useProof()
  const { data } = useVerb('factor.list', { user })
  const [isAsking, setAsking] = useState(false)
  if (data === undefined || !data.mayHave) return null
  const has = data.totpSince !== null || data.passkeys.length > 0
  if (!has)
    return (
      <div className={styles.root}>
        <Text>{data.required ? 'Sets up a second factor at the next sign-in.' : 'No second factor.'}</Text>
      </div>
    )
  const count = data.passkeys.length
  return (
    <div className={styles.root}>
      <Text>
        Second factor: {data.totpSince === null ? '' : 'authenticator app, '}
        {count} {count === 1 ? 'passkey' : 'passkeys'}, {data.recoveryCodes} recovery codes
      </Text>
      <div>
        <Button onClick={() => setAsking(true)}>Reset the second factor</Button>
      </div>
      <ConfirmDialog
        title="Reset the second factor?"
        action="Reset it"
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={async () => {
          await prove(() => client.request('factor.reset', { user }))
          forget('factor.list')
        }}
      >
        <Text>
          App, passkeys and recovery codes count no more, and all sign-ins of this user end. Make sure that it is he who
          asks. This cannot be undone; he sets up new ones.
        </Text>
      </ConfirmDialog>
      {dialog}
    </div>
  )
}
