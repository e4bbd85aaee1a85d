import { Button, Field, Input, Link, Spinner, Text } from '@fluentui/react-components'
import { useEffect, useState } from 'react'
import { type Fault, faultOf } from '../app/fault.ts'
import { http, stepOf } from '../app/http.ts'
import { askStep, checkSession, session, signIn } from '../app/session.ts'
import { FaultNote } from '../parts/FaultNote.tsx'
import { FormColumn } from '../parts/FormColumn.tsx'
import { GateCard } from '../parts/GateCard.tsx'
import { PasswordFields } from '../parts/PasswordFields.tsx'

/** Read once: it is taken out of the address, where it would stay in the history. */
const token = new URLSearchParams(location.pathname === '/setup' ? location.hash.slice(1) : '').get('token') ?? ''

async function enter(user: string, password: string): Promise<void> {
  history.replaceState(null, '', '/')
  await checkSession()
  if (session.get().status !== 'signedIn') await signIn(user, password)
}

/** The first administrator, made with the one-time link that the server printed. */
export function SetUpPage() {
  const [needed, setNeeded] = useState<boolean>()
  const [fault, setFault] = useState<Fault>()
  const [user, setUser] = useState('')
  const [displayName, setDisplayName] = useState('')
  const [secret, setSecret] = useState({ password: '', again: '' })
  useEffect(() => {
    http.setupNeeded().then(
      answer => setNeeded(answer.needed),
      (error: unknown) => setFault(faultOf(error)),
    )
  }, [])

  if (fault !== undefined) {
    return (
      <GateCard title="Set up">
        <FaultNote fault={fault} />
      </GateCard>
    )
  }
  if (needed === undefined) return <Spinner label="Asking the server" delay={400} />
  if (!needed) {
    return (
      <GateCard title="Set up">
        <Text>This server has been set up. Sign in instead.</Text>
        <Link href="/">Sign in</Link>
      </GateCard>
    )
  }
  if (token === '') {
    return (
      <GateCard title="Set up">
        <Text>
          Open the one-time link that the server printed when it started (it ends with #token=…). To get another, start
          the server again.
        </Text>
      </GateCard>
    )
  }
  return (
    <GateCard title="Set up Persistent Chat">
      <Text>You become the first administrator. The part after @ becomes the domain of your rooms.</Text>
      <FormColumn
        onSubmit={async () => {
          try {
            await http.setUp({ token, user: user.trim(), displayName: displayName.trim(), password: secret.password })
          } catch (error) {
            // It is done, and he needs a second factor before he comes in.
            if (stepOf(error) === undefined) throw error
            history.replaceState(null, '', '/')
            askStep(error)
            return
          }
          await enter(user.trim(), secret.password)
        }}
      >
        {isBusy => (
          <>
            <Field label="Account name" hint="Such as alice@example.com" required>
              <Input value={user} autoComplete="username" onChange={(_, { value }) => setUser(value)} />
            </Field>
            <Field label="Name that others see" required>
              <Input value={displayName} autoComplete="name" onChange={(_, { value }) => setDisplayName(value)} />
            </Field>
            <PasswordFields label="Password" value={secret} onChange={setSecret} />
            <Button
              type="submit"
              appearance="primary"
              disabled={
                isBusy ||
                user === '' ||
                displayName === '' ||
                secret.password === '' ||
                secret.password !== secret.again
              }
            >
              Create the administrator
            </Button>
          </>
        )}
      </FormColumn>
    </GateCard>
  )
}
