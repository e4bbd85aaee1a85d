import { Button, Text } from '@fluentui/react-components'
import { useEffect, useState } from 'react'
import type { FactorKind, SecondStep } from '../../../src/protocol/factor.ts'
import { http } from '../app/http.ts'
import { canUsePasskeys } from '../app/passkey.ts'
import { finishSignIn, orBegin } from '../app/session.ts'
import { FactorSetUp } from './FactorSetUp.tsx'

/** Where a second factor is obligatory: nothing else can be done before there is one. */
export function SignInEnrol({ step: { ticket, kinds } }: { step: SecondStep }) {
  const mayPasskey = kinds.includes('passkey') && canUsePasskeys()
  const [kind, setKind] = useState<FactorKind | undefined>(mayPasskey ? undefined : 'totp')
  useEffect(() => {
    document.title = 'Protect your account · Persistent Chat'
  }, [])
  if (kind === undefined)
    return (
      <>
        <Text>
          Your administrator asks for a second factor beside your password. Choose what you have at hand; you can add
          more under Account later.
        </Text>
        <Button appearance="primary" onClick={() => setKind('passkey')}>
          Set up a passkey on this device
        </Button>
        <Button onClick={() => setKind('totp')}>Set up an authenticator app</Button>
      </>
    )
  return (
    <>
      <FactorSetUp
        key={kind}
        kind={kind}
        door={{
          begin: begin => orBegin(() => http.enrol({ ticket, begin })),
          confirm: given => orBegin(() => http.enrol({ ticket, ...given })),
        }}
        onDone={() => finishSignIn({ ticket })}
      />
      {mayPasskey ? (
        <Button appearance="subtle" onClick={() => setKind(undefined)}>
          Choose another way
        </Button>
      ) : null}
    </>
  )
}
