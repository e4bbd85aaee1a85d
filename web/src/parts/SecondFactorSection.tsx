import { Button, makeStyles, Spinner, Text, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { FactorKind } from '../../../src/protocol/factor.ts'
import { useChat } from '../app/chat.ts'
import { faultOf } from '../app/fault.ts'
import { canUsePasskeys } from '../app/passkey.ts'
import { forget, useVerb } from '../app/query.ts'
import { shortTime } from '../app/time.ts'
import { ConfirmDialog } from './ConfirmDialog.tsx'
import { FactorSetUp } from './FactorSetUp.tsx'
import { FaultNote } from './FaultNote.tsx'
import { FormColumn } from './FormColumn.tsx'
import { ModalFrame } from './ModalFrame.tsx'
import { PasskeyItem } from './PasskeyItem.tsx'
import { RecoveryCodes } from './RecoveryCodes.tsx'
import { useProof } from './useProof.tsx'

const useStyles = makeStyles({
  list: { listStyle: 'none', margin: 0, padding: 0 },
  bar: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
})

/** One's second factors: what there is, and what can be set up. */
export function SecondFactorSection() {
  const styles = useStyles()
  const { client } = useChat()
  const { prove, dialog } = useProof()
  const { data, error } = useVerb('factor.list', {})
  const [adding, setAdding] = useState<FactorKind>()
  const [codes, setCodes] = useState<readonly string[]>()
  const [isRemoving, setRemoving] = useState(false)
  if (error !== null) return <FaultNote fault={faultOf(error)} />
  if (data === undefined) return <Spinner delay={300} label="Loading" />
  if (!data.mayHave) return <Text>You sign in elsewhere; what is asked for beside your password is set up there.</Text>
  const has = data.totpSince !== null || data.passkeys.length > 0
  const done = () => {
    setAdding(undefined)
    setCodes(undefined)
    forget('factor.list')
  }
  return (
    <>
      <Text>
        {has
          ? 'Beside your password one of these is asked for when you sign in. A passkey signs you in alone, too.'
          : 'Your password alone opens your account. With a second factor, whoever learns it still cannot get in.'}
        {data.required ? ' Your administrator asks you to have one.' : ''}
      </Text>
      <Text>
        {data.totpSince === null ? 'Authenticator app: none' : `Authenticator app: set up ${shortTime(data.totpSince)}`}
      </Text>
      <div className={styles.bar}>
        <Button onClick={() => setAdding('totp')}>
          {data.totpSince === null ? 'Set up an authenticator app' : 'Use another app or phone'}
        </Button>
        {data.totpSince === null ? null : <Button onClick={() => setRemoving(true)}>Remove the app</Button>}
      </div>
      <Text>{data.passkeys.length === 0 ? 'Passkeys: none' : 'Passkeys:'}</Text>
      <ul className={styles.list} aria-label="Passkeys">
        {data.passkeys.map(one => (
          <PasskeyItem key={one.id} passkey={one} prove={prove} />
        ))}
      </ul>
      {data.kinds.includes('passkey') && canUsePasskeys() ? (
        <div>
          <Button onClick={() => setAdding('passkey')}>Add a passkey</Button>
        </div>
      ) : (
        <Text size={200}>Passkeys need an https address with a name, and a browser that knows them.</Text>
      )}
      {has ? (
        <FormColumn
          label="Recovery codes"
          onSubmit={async () => setCodes((await prove(() => client.request('factor.recoveryCodes', {}))).recoveryCodes)}
        >
          {isBusy => (
            <>
              <Text>Recovery codes left: {data.recoveryCodes}</Text>
              <div>
                <Button type="submit" disabled={isBusy}>
                  Get new recovery codes
                </Button>
              </div>
            </>
          )}
        </FormColumn>
      ) : null}
      {adding === undefined ? null : (
        <ModalFrame title={adding === 'totp' ? 'Authenticator app' : 'Passkey'} onClose={done}>
          <FactorSetUp
            kind={adding}
            door={{
              begin: kind => prove(() => client.request('factor.begin', { kind })),
              confirm: given => prove(() => client.request('factor.confirm', given)),
            }}
            onDone={done}
          />
        </ModalFrame>
      )}
      {codes === undefined ? null : (
        <ModalFrame title="Recovery codes" onClose={done}>
          <RecoveryCodes codes={codes} onDone={done} />
        </ModalFrame>
      )}
      <ConfirmDialog
        title="Remove the authenticator app?"
        action="Remove it"
        isOpen={isRemoving}
        onClose={() => setRemoving(false)}
        onConfirm={async () => {
          await prove(() => client.request('factor.remove', { totp: true }))
          forget('factor.list', 'session.list')
        }}
      >
        <Text>Its codes count no more, and your other sign-ins end. You can set one up again at any time.</Text>
      </ConfirmDialog>
      {dialog}
    </>
  )
}
