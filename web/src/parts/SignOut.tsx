import { Button, makeStyles, Text, tokens } from '@fluentui/react-components'
import type { SignedInAt } from '../app/http.ts'
import { signOut } from '../app/session.ts'
import { FormColumn } from './FormColumn.tsx'

const useStyles = makeStyles({
  buttons: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
})

/** How one is signed in, and out again: here, or at the provider as well. */
export function SignOut({ at }: { at: SignedInAt | undefined }) {
  const styles = useStyles()
  const url = at?.signOutUrl ?? undefined
  return (
    <FormColumn onSubmit={signOut}>
      {isBusy => (
        <>
          {at === undefined ? null : (
            <Text>{at.provider === null ? 'Signed in with a password.' : `Signed in with ${at.provider.title}.`}</Text>
          )}
          <div className={styles.buttons}>
            <Button type="submit" disabled={isBusy}>
              Sign out
            </Button>
            {at?.provider && url !== undefined ? (
              <Button
                disabled={isBusy}
                onClick={() => {
                  // Should it not work here, it is said there: the provider tells us.
                  const away = () => location.assign(url)
                  signOut().then(away, away)
                }}
              >
                Sign out here and at {at.provider.title}
              </Button>
            ) : null}
          </div>
        </>
      )}
    </FormColumn>
  )
}
