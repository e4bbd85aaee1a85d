import { Button, Field, Input, Text } from '@fluentui/react-components'
import { useEffect, useState } from 'react'
import type { FactorKind, NewTotp } from '../../../src/protocol/factor.ts'
import type { Result, Input as VerbInput } from '../../../src/protocol/request.ts'
import { type Fault, faultOf } from '../app/fault.ts'
import { createPasskey } from '../app/passkey.ts'
import { FaultNote } from './FaultNote.tsx'
import { FormColumn } from './FormColumn.tsx'
import { RecoveryCodes } from './RecoveryCodes.tsx'
import { TotpSetUp } from './TotpSetUp.tsx'

/** Where it is asked: within a session, or with the ticket of a sign-in. */
type FactorDoor = {
  begin: (kind: FactorKind) => Promise<Result<'factor.begin'>>
  confirm: (given: VerbInput<'factor.confirm'>) => Promise<Result<'factor.confirm'>>
}

type FactorSetUpProps = { kind: FactorKind; door: FactorDoor; onDone: () => void | Promise<void> }

/** From the beginning to the recovery codes, which the first factor brings along. */
export function FactorSetUp({ kind, door, onDone }: FactorSetUpProps) {
  const [codes, setCodes] = useState<readonly string[]>()
  async function confirm(given: VerbInput<'factor.confirm'>): Promise<void> {
    const { recoveryCodes } = await door.confirm(given)
    if (recoveryCodes === undefined) await onDone()
    else setCodes(recoveryCodes)
  }
  if (codes !== undefined) return <RecoveryCodes codes={codes} onDone={onDone} />
  return kind === 'totp' ? (
    <AppSetUp begin={async () => (await door.begin('totp')).totp} confirm={code => confirm({ code })} />
  ) : (
    <PasskeySetUp
      make={async name => confirm({ passkey: await createPasskey((await door.begin('passkey')).options), name })}
    />
  )
}

type AppSetUpProps = { begin: () => Promise<NewTotp | undefined>; confirm: (code: string) => Promise<void> }

function AppSetUp({ begin, confirm }: AppSetUpProps) {
  const [totp, setTotp] = useState<NewTotp>()
  const [fault, setFault] = useState<Fault>()
  // Once: each beginning makes another secret.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the functions are new with every drawing
  useEffect(() => {
    begin().then(setTotp, (error: unknown) => setFault(faultOf(error)))
  }, [])
  if (totp === undefined) return <FaultNote fault={fault} />
  return <TotpSetUp totp={totp} onSubmit={confirm} />
}

function PasskeySetUp({ make }: { make: (name: string) => Promise<void> }) {
  const [name, setName] = useState('This device')
  return (
    <FormColumn label="Set up a passkey" onSubmit={() => make(name.trim())}>
      {isBusy => (
        <>
          <Text>
            The browser asks you to confirm with your finger, your face or a PIN. A passkey signs you in without your
            password, too.
          </Text>
          <Field label="Name of the passkey" hint="So that you know it again, such as: work laptop" required>
            <Input value={name} onChange={(_, { value }) => setName(value)} />
          </Field>
          <div>
            <Button type="submit" appearance="primary" disabled={isBusy || name.trim() === ''}>
              Create the passkey
            </Button>
          </div>
        </>
      )}
    </FormColumn>
  )
}
