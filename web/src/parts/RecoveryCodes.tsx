import { Button, Checkbox, makeStyles, Text, tokens } from '@fluentui/react-components'
import { ArrowDownloadRegular, CopyRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { FormColumn } from './FormColumn.tsx'

const useStyles = makeStyles({
  codes: {
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fill, minmax(180px, 1fr))',
    gap: tokens.spacingVerticalXS,
    margin: 0,
    padding: 0,
    listStyle: 'none',
    fontFamily: tokens.fontFamilyMonospace,
  },
  bar: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
})

function download(text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
  const link = document.createElement('a')
  link.href = url
  link.download = 'persistent-chat-recovery-codes.txt'
  link.click()
  // In the next turn: the browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url))
}

type RecoveryCodesProps = { codes: readonly string[]; onDone: () => void | Promise<void> }

/** Shown this once; nobody goes on by chance without having kept them. */
export function RecoveryCodes({ codes, onDone }: RecoveryCodesProps) {
  const styles = useStyles()
  const [isKept, setKept] = useState(false)
  const [told, setTold] = useState('')
  const text = `Recovery codes for Persistent Chat at ${location.host}. Each is good once.\n\n${codes.join('\n')}\n`
  async function copy(): Promise<void> {
    await navigator.clipboard.writeText(text).then(
      () => setTold('Copied.'),
      () => setTold('The browser did not let them be copied. Download them, or write them down.'),
    )
  }
  return (
    <FormColumn label="Recovery codes" onSubmit={async () => onDone()}>
      {isBusy => (
        <>
          <Text weight="semibold">Keep your recovery codes</Text>
          <Text>
            With one of them you get in when you have lost your device. Each is good once. They are shown now and never
            again: keep them where you find them without this device.
          </Text>
          <ul className={styles.codes} aria-label="Recovery codes">
            {codes.map(code => (
              <li key={code}>{code}</li>
            ))}
          </ul>
          <div className={styles.bar}>
            <Button icon={<CopyRegular />} onClick={() => void copy()}>
              Copy
            </Button>
            <Button icon={<ArrowDownloadRegular />} onClick={() => download(text)}>
              Download
            </Button>
          </div>
          <Text role="status">{told}</Text>
          <Checkbox
            label="I have kept my recovery codes"
            checked={isKept}
            onChange={(_, { checked }) => setKept(checked === true)}
          />
          <div>
            <Button type="submit" appearance="primary" disabled={isBusy || !isKept}>
              Continue
            </Button>
          </div>
        </>
      )}
    </FormColumn>
  )
}
