import { Button, Field, Input, Link, makeStyles, Text, tokens } from '@fluentui/react-components'
import { useEffect, useState } from 'react'
import { useChat } from '../app/chat.ts'
import { type Fault, faultOf } from '../app/fault.ts'
import { type Device, http } from '../app/http.ts'
import { shortTime } from '../app/time.ts'
import { FaultNote } from '../parts/FaultNote.tsx'
import { FormColumn } from '../parts/FormColumn.tsx'
import { GateCard } from '../parts/GateCard.tsx'

const useStyles = makeStyles({
  code: { fontFamily: tokens.fontFamilyMonospace, letterSpacing: '0.1em' },
  buttons: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
})

type Asked = { code: string; device: Device }

/** A program that has no browser asks to be signed in: here its user says whether it is his. */
export function DevicePage({ csrf }: { csrf: string }) {
  const styles = useStyles()
  const { me } = useChat()
  const [given] = useState(() => new URLSearchParams(location.search).get('code') ?? '')
  const [code, setCode] = useState(given)
  const [asked, setAsked] = useState<Asked>()
  const [done, setDone] = useState<string>()
  const [fault, setFault] = useState<Fault>()
  useEffect(() => {
    document.title = 'Sign in a device · Persistent Chat'
    if (given === '') return
    http.device(given).then(
      device => setAsked({ code: given, device }),
      (error: unknown) => setFault(faultOf(error)),
    )
  }, [given])

  async function answer(allow: boolean): Promise<void> {
    if (asked === undefined) return
    await http.answerDevice(asked.code, allow, csrf)
    setDone(allow ? `“${asked.device.client}” is signed in as ${me.name}.` : `“${asked.device.client}” was refused.`)
  }

  if (done !== undefined)
    return (
      <GateCard title="Sign in a device">
        <Text role="status">{done} You can close this page.</Text>
        <Link href="/">Go to Persistent Chat</Link>
      </GateCard>
    )
  if (asked === undefined)
    return (
      <GateCard title="Sign in a device">
        <FormColumn
          label="Which device"
          onSubmit={async () => {
            setFault(undefined)
            setAsked({ code, device: await http.device(code) })
          }}
        >
          {isBusy => (
            <>
              <Field label="Code" hint="As the device or the terminal shows it, such as BCDF-GHJK" required>
                <Input
                  value={code}
                  autoFocus
                  autoComplete="off"
                  autoCapitalize="characters"
                  spellCheck={false}
                  input={{ className: styles.code }}
                  onChange={(_, { value }) => setCode(value)}
                />
              </Field>
              <Button type="submit" appearance="primary" disabled={isBusy || code.trim() === ''}>
                Next
              </Button>
            </>
          )}
        </FormColumn>
        <FaultNote fault={fault} />
      </GateCard>
    )
  return (
    <GateCard title="Sign in a device">
      <FormColumn label="Allow" onSubmit={() => answer(true)}>
        {isBusy => (
          <>
            <Text>
              <strong>{asked.device.client}</strong> asks to be signed in as <strong>{me.name}</strong>. It asked at{' '}
              {shortTime(asked.device.createdAt)}
              {asked.device.address === '' ? '' : ` from ${asked.device.address}`}.
            </Text>
            <Text size={500} weight="semibold" className={styles.code}>
              {asked.code.toUpperCase()}
            </Text>
            <Text>
              Allow it only if you began this yourself and your device shows this very code. Whoever sent you a link to
              this page would be signed in as you.
            </Text>
            <div className={styles.buttons}>
              <Button type="submit" appearance="primary" disabled={isBusy}>
                Allow
              </Button>
              <RefuseButton disabled={isBusy} onRefuse={() => answer(false)} />
            </div>
          </>
        )}
      </FormColumn>
    </GateCard>
  )
}

function RefuseButton({ disabled, onRefuse }: { disabled: boolean; onRefuse: () => Promise<void> }) {
  const [fault, setFault] = useState<Fault>()
  return (
    <>
      <Button
        disabled={disabled}
        onClick={() => {
          onRefuse().catch((error: unknown) => setFault(faultOf(error)))
        }}
      >
        Refuse
      </Button>
      <FaultNote fault={fault} />
    </>
  )
}
