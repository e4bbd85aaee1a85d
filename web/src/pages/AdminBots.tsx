import { Button, Field, Input, makeStyles, Subtitle2, Text, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { Principal } from '../../../src/protocol/principal.ts'
import { useChat } from '../app/chat.ts'
import { forget } from '../app/query.ts'
import { ConfirmDialog } from '../parts/ConfirmDialog.tsx'
import { FormColumn } from '../parts/FormColumn.tsx'
import { PickedPrincipal } from '../parts/PickedPrincipal.tsx'
import { TokenOnce } from '../parts/TokenOnce.tsx'

const useStyles = makeStyles({
  form: { maxWidth: '480px' },
  note: { color: tokens.colorNeutralForeground2, maxWidth: '90ch' },
})

/** Programs that post and read: they sign in by a token, which is shown once. */
export function AdminBots() {
  const styles = useStyles()
  const { client } = useChat()
  const [words, setWords] = useState({ name: '', displayName: '' })
  const [unit, setUnit] = useState<Principal>()
  const [bot, setBot] = useState<Principal>()
  const [isAsking, setAsking] = useState(false)
  const [shown, setShown] = useState<{ name: string; token: string }>()

  async function create(): Promise<void> {
    const { principal, token } = await client.request('bot.create', {
      name: words.name.trim(),
      displayName: words.displayName.trim(),
      ...(unit === undefined ? {} : { in: unit.id }),
    })
    setShown({ name: principal.name, token })
    setWords({ name: '', displayName: '' })
    forget('principal.find')
  }

  return (
    <>
      <Text className={styles.note}>
        A bot is a user without a password: a program signs in with its token. It is in rooms as people are, by
        category, list and policy. Bots stand among the users, where they are disabled.
      </Text>
      <Subtitle2 as="h3">Add a bot</Subtitle2>
      <div className={styles.form}>
        <FormColumn label="Add a bot" onSubmit={create}>
          {isBusy => (
            <>
              <Field label="Account name" hint="Such as build-bot@example.com" required>
                <Input
                  value={words.name}
                  autoComplete="off"
                  onChange={(_, { value }) => setWords(now => ({ ...now, name: value }))}
                />
              </Field>
              <Field label="Name that others see" required>
                <Input
                  value={words.displayName}
                  onChange={(_, { value }) => setWords(now => ({ ...now, displayName: value }))}
                />
              </Field>
              <PickedPrincipal label="Organisational unit" kind="organizationalUnit" picked={unit} onPick={setUnit} />
              <div>
                <Button
                  type="submit"
                  appearance="primary"
                  disabled={isBusy || words.name.trim() === '' || words.displayName.trim() === ''}
                >
                  Add the bot
                </Button>
              </div>
            </>
          )}
        </FormColumn>
      </div>
      <Subtitle2 as="h3">A new token for a bot</Subtitle2>
      <div className={styles.form}>
        <FormColumn label="A new token for a bot" onSubmit={async () => setAsking(true)}>
          {() => (
            <>
              <PickedPrincipal label="Bot" kind="user" picked={bot} onPick={setBot} />
              <div>
                <Button type="submit" disabled={bot === undefined}>
                  Issue a new token
                </Button>
              </div>
            </>
          )}
        </FormColumn>
      </div>
      <ConfirmDialog
        title={`Issue a new token for ${bot?.displayName ?? ''}?`}
        action="Issue it"
        isOpen={isAsking && bot !== undefined}
        onClose={() => setAsking(false)}
        onConfirm={async () => {
          if (bot === undefined) return
          const { token } = await client.request('bot.issueToken', { bot: bot.id })
          setShown({ name: bot.name, token })
        }}
      >
        What runs with the present token is signed out at once. This cannot be undone.
      </ConfirmDialog>
      {shown === undefined ? null : <TokenOnce {...shown} onClose={() => setShown(undefined)} />}
    </>
  )
}
