import { Button } from '@fluentui/react-components'
import { KeyRegular } from '@fluentui/react-icons'
import { http } from '../app/http.ts'
import { canUsePasskeys, signWithPasskey } from '../app/passkey.ts'
import { finishSignIn } from '../app/session.ts'
import { orSayWait } from '../app/wait.ts'
import { FormColumn } from './FormColumn.tsx'

/** Without name and password. Signs in with the passkeys of the ticket's holder where there is one. */
export function SignInPasskey({ ticket, isPrimary = false }: { ticket?: string; isPrimary?: boolean }) {
  if (!canUsePasskeys()) return null
  async function signIn(): Promise<void> {
    await orSayWait(async () => {
      const { options } = await http.challenge(ticket)
      const passkey = await signWithPasskey(options)
      await finishSignIn(ticket === undefined ? { passkey } : { ticket, passkey })
    })
  }
  return (
    <FormColumn label="Sign in with a passkey" onSubmit={signIn}>
      {isBusy => (
        <Button
          type="submit"
          appearance={isPrimary ? 'primary' : 'secondary'}
          icon={<KeyRegular />}
          disabled={isBusy}
          autoFocus={isPrimary}
        >
          Use a passkey
        </Button>
      )}
    </FormColumn>
  )
}
