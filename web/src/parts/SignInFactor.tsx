import { Link, Text } from '@fluentui/react-components'
import { useEffect, useState } from 'react'
import type { SecondStep } from '../../../src/protocol/factor.ts'
import { finishSignIn } from '../app/session.ts'
import { orSayWait } from '../app/wait.ts'
import { CodeForm } from './CodeForm.tsx'
import { SignInPasskey } from './SignInPasskey.tsx'

type Way = SecondStep['methods'][number]

const others: Record<Way, string> = {
  passkey: 'Use a passkey',
  totp: 'Use a code of your authenticator app',
  recovery: 'Use a recovery code',
}

/** The second factor of who has given the right password, by the way of his choice. */
export function SignInFactor({ step: { ticket, methods } }: { step: SecondStep }) {
  const [way, setWay] = useState<Way | undefined>(methods[0])
  useEffect(() => {
    document.title = 'One more step · Persistent Chat'
  }, [])
  return (
    <>
      {way === undefined ? (
        <Text>No way is left to sign in. Ask an administrator to reset your second factor.</Text>
      ) : null}
      {way === 'passkey' ? (
        <>
          <Text>Your password is right. Now confirm with your passkey that it is you.</Text>
          <SignInPasskey ticket={ticket} isPrimary />
        </>
      ) : null}
      {way === 'totp' ? (
        <CodeForm
          key="totp"
          label="Code"
          hint="The six digits that your authenticator app shows for this account"
          action="Sign in"
          onSubmit={code => orSayWait(() => finishSignIn({ ticket, code }))}
        />
      ) : null}
      {way === 'recovery' ? (
        <CodeForm
          key="recovery"
          label="Recovery code"
          hint="One of those that you kept when you set up your second factor. Each is good once."
          action="Sign in"
          isText
          onSubmit={recoveryCode => orSayWait(() => finishSignIn({ ticket, recoveryCode }))}
        />
      ) : null}
      {methods
        .filter(one => one !== way)
        .map(one => (
          <Link key={one} as="button" onClick={() => setWay(one)}>
            {others[one]}
          </Link>
        ))}
    </>
  )
}
