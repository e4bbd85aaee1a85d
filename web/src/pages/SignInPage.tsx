import { Button, Field, Input, Link, MessageBar, MessageBarBody } from '@fluentui/react-components'
import { useEffect, useState } from 'react'
import { cameFrom } from '../app/hand-over.ts'
import { http } from '../app/http.ts'
import { signIn } from '../app/session.ts'
import { orSayWait } from '../app/wait.ts'
import { FormColumn } from '../parts/FormColumn.tsx'
import { GateCard } from '../parts/GateCard.tsx'
import { ProviderLinks } from '../parts/ProviderLinks.tsx'
import { SignInPasskey } from '../parts/SignInPasskey.tsx'

export function SignInPage({ notice }: { notice: string | undefined }) {
  const [user, setUser] = useState('')
  const [password, setPassword] = useState('')
  const [needsSetUp, setNeedsSetUp] = useState(false)
  const [came] = useState(cameFrom)
  useEffect(() => {
    document.title = 'Sign in · Persistent Chat'
    http.setupNeeded().then(
      answer => setNeedsSetUp(answer.needed),
      // Only a hint: signing in says by itself what is wrong.
      () => {},
    )
  }, [])
  return (
    <GateCard title="Sign in">
      {notice === undefined ? null : (
        <MessageBar layout="multiline">
          <MessageBarBody>{notice}</MessageBarBody>
        </MessageBar>
      )}
      {needsSetUp ? (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>
            This server has no administrator yet. <Link href="/setup">Set it up</Link> with the link that it printed
            when it started.
          </MessageBarBody>
        </MessageBar>
      ) : null}
      {came === undefined ? null : (
        <Button as="a" href={`/arrive#${new URLSearchParams({ from: came.name })}`} appearance="outline" size="large">
          Sign in by {came.displayName}
        </Button>
      )}
      <ProviderLinks />
      <FormColumn label="Sign in" onSubmit={() => orSayWait(() => signIn(user.trim(), password))}>
        {isBusy => (
          <>
            <Field label="Account name" required>
              <Input
                value={user}
                autoFocus
                autoComplete="username"
                placeholder="you@example.com"
                onChange={(_, { value }) => setUser(value)}
              />
            </Field>
            <Field label="Password" required>
              <Input
                type="password"
                autoComplete="current-password"
                value={password}
                onChange={(_, { value }) => setPassword(value)}
              />
            </Field>
            <Button type="submit" appearance="primary" disabled={isBusy || user.trim() === '' || password === ''}>
              Sign in
            </Button>
          </>
        )}
      </FormColumn>
      <SignInPasskey />
    </GateCard>
  )
}
