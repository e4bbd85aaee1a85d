import { Field, makeStyles, Radio, RadioGroup, Subtitle2, Text, tokens } from '@fluentui/react-components'
import { useEffect, useState } from 'react'
import { useChat } from '../app/chat.ts'
import { http, type SignedInAt } from '../app/http.ts'
import { densities, preferences, setPreferences, themeChoices } from '../app/preferences.ts'
import { rolesOf, roleWords } from '../app/role-words.ts'
import { useStore } from '../app/store.ts'
import { useWindowTitle } from '../app/window-title.ts'
import { PageHeader } from '../parts/PageHeader.tsx'
import { PasswordChange } from '../parts/PasswordChange.tsx'
import { SecondFactorSection } from '../parts/SecondFactorSection.tsx'
import { SignInList } from '../parts/SignInList.tsx'
import { SignInRecord } from '../parts/SignInRecord.tsx'
import { SignOut } from '../parts/SignOut.tsx'

const useStyles = makeStyles({
  root: { flexGrow: 1, minWidth: 0, minHeight: 0, overflowY: 'auto' },
  body: {
    maxWidth: '720px',
    padding: tokens.spacingHorizontalL,
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalXXL,
  },
  section: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalS },
})

const themeWords = { system: 'As the system', light: 'Light', dark: 'Dark', contrast: 'High contrast' }
const densityWords = {
  comfortable: 'Comfortable: pictures and space',
  compact: 'Compact: more lines',
  terminal: 'Terminal: one line a message',
}

export function AccountPage() {
  const styles = useStyles()
  const { me } = useChat()
  const { theme, density } = useStore(preferences)
  const [password, setPassword] = useState(0)
  const [signedInAt, setSignedInAt] = useState<SignedInAt>()
  useWindowTitle('Account')
  useEffect(() => {
    // Without the answer the page offers what everybody has.
    http.signedInAt().then(setSignedInAt, () => {})
  }, [])
  return (
    <main className={styles.root} data-pane="account">
      <PageHeader title="Account" />
      <div className={styles.body}>
        <section className={styles.section} aria-label="Who I am">
          <Text weight="semibold">{me.displayName}</Text>
          <Text>
            {me.name}
            {rolesOf(me).map(role => `, ${roleWords[role].name.toLowerCase()}`)}
          </Text>
          <SignOut at={signedInAt} />
        </section>
        <section className={styles.section} aria-label="Appearance">
          <Subtitle2 as="h2">Appearance</Subtitle2>
          <Field label="Theme">
            <RadioGroup
              value={theme}
              onChange={(_, { value }) =>
                setPreferences({ theme: themeChoices.find(one => one === value) ?? 'system' })
              }
            >
              {themeChoices.map(one => (
                <Radio key={one} value={one} label={themeWords[one]} />
              ))}
            </RadioGroup>
          </Field>
          <Field label="Density">
            <RadioGroup
              value={density}
              onChange={(_, { value }) =>
                setPreferences({ density: densities.find(one => one === value) ?? 'comfortable' })
              }
            >
              {densities.map(one => (
                <Radio key={one} value={one} label={densityWords[one]} />
              ))}
            </RadioGroup>
          </Field>
        </section>
        {signedInAt?.provider ? null : (
          <section className={styles.section} aria-label="Password">
            <Subtitle2 as="h2">Password</Subtitle2>
            {password > 0 ? <Text role="status">Your password was changed.</Text> : null}
            <PasswordChange key={password} onDone={() => setPassword(now => now + 1)} />
          </section>
        )}
        <section className={styles.section} aria-label="Second factor">
          <Subtitle2 as="h2">Second factor</Subtitle2>
          <SecondFactorSection />
        </section>
        <section className={styles.section} aria-label="Sign-ins">
          <Subtitle2 as="h2">Where you are signed in</Subtitle2>
          <SignInList />
        </section>
        <section className={styles.section} aria-label="Record of sign-ins">
          <Subtitle2 as="h2">Sign-ins and refused tries</Subtitle2>
          <SignInRecord of="me" pageSize={10} />
        </section>
      </div>
    </main>
  )
}
