import { Link, makeStyles, Text, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { NewTotp } from '../../../src/protocol/factor.ts'
import { CodeForm } from './CodeForm.tsx'
import { QrCode } from './QrCode.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM, alignItems: 'flex-start' },
  secret: { fontFamily: tokens.fontFamilyMonospace, overflowWrap: 'anywhere', userSelect: 'all' },
})

/** The secret is shown this once. */
export function TotpSetUp({ totp, onSubmit }: { totp: NewTotp; onSubmit: (code: string) => Promise<void> }) {
  const styles = useStyles()
  const [isTyped, setTyped] = useState(false)
  return (
    <div className={styles.root}>
      <Text>Scan this with your authenticator app, then type the code that it shows.</Text>
      <QrCode text={totp.uri} label="QR code for the authenticator app" />
      {isTyped ? (
        <Text>
          Type this key into the app, as one that is based on time:{' '}
          <Text className={styles.secret} data-secret>
            {totp.secret.replace(/(.{4})(?=.)/g, '$1 ')}
          </Text>
        </Text>
      ) : (
        <Link as="button" onClick={() => setTyped(true)}>
          I cannot scan it
        </Link>
      )}
      <CodeForm label="Code" hint="Six digits" action="Confirm" onSubmit={onSubmit} />
    </div>
  )
}
