import { Button, Field, Input, makeStyles, Subtitle2, Text, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import { unreadable } from '../../../src/protocol/csv.ts'
import type { Input as VerbInput } from '../../../src/protocol/request.ts'
import { useChat } from '../app/chat.ts'
import { useTask } from '../app/task.ts'
import { FaultNote } from './FaultNote.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalL, maxWidth: '760px' },
  choices: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalL },
  choice: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalM,
    flexGrow: 1,
    flexBasis: '300px',
    padding: tokens.spacingHorizontalL,
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusLarge,
  },
  grow: { flexGrow: 1 },
})

type Edition = VerbInput<'topology.example'>['edition']

/** Where there is no document yet: what it is to begin as. */
export function TopologyStart({ onText }: { onText: (text: string) => void }) {
  const styles = useStyles()
  const { client } = useChat()
  const { fault, run, isBusy } = useTask()
  const [fqdn, setFqdn] = useState('')
  async function begin(edition: Edition): Promise<void> {
    await run(async () => {
      const input = { edition, ...(fqdn.trim() === '' ? {} : { fqdn: fqdn.trim() }) }
      onText((await client.request('topology.example', input)).text)
    })
  }
  return (
    <section className={styles.root} aria-label="Begin a topology">
      <Text>
        The topology says what runs where: sites, pools, servers and their stores. There is none yet. Begin with one of
        these, and change it to what you have.
      </Text>
      <Field label="Full name" hint="Of the machine, or of the pool. Without one the names are examples.">
        <Input value={fqdn} placeholder="chat.example.com" onChange={(_, { value }) => setFqdn(value)} />
      </Field>
      <div className={styles.choices}>
        <div className={styles.choice}>
          <Subtitle2 as="h3">Standard Edition</Subtitle2>
          <Text className={styles.grow}>
            Everything on one machine with its own database, without high availability.
          </Text>
          <Button appearance="primary" disabled={isBusy} onClick={() => void begin('standard-edition')}>
            Begin with one machine
          </Button>
        </div>
        <div className={styles.choice}>
          <Subtitle2 as="h3">Enterprise Edition</Subtitle2>
          <Text className={styles.grow}>
            Front End Servers for sign-in and web services, Persistent Chat Servers of their own, and stores beside
            them.
          </Text>
          <Button appearance="primary" disabled={isBusy} onClick={() => void begin('enterprise-edition')}>
            Begin with a pool
          </Button>
        </div>
      </div>
      <FaultNote fault={fault} />
      <TopologyFile onText={onText} />
    </section>
  )
}

/** A document that is there already. It is read in this window; the server checks it as it does what is typed. */
export function TopologyFile({ onText }: { onText: (text: string) => void }) {
  const { fault, run } = useTask()
  return (
    <Field label="Or open a file" hint="YAML or JSON, as pchat topology export writes it.">
      {control => (
        <>
          <input
            {...control}
            type="file"
            accept=".yaml,.yml,.json"
            onChange={event => {
              const file = event.currentTarget.files?.[0]
              event.currentTarget.value = ''
              if (file) void run(async () => onText(await readTextFile(file)))
            }}
          />
          <FaultNote fault={fault} />
        </>
      )}
    </Field>
  )
}

const mostBytes = 1_000_000

async function readTextFile(file: File): Promise<string> {
  if (file.size > mostBytes)
    throw unreadable(`${file.name} has more than ${mostBytes.toLocaleString('en')} bytes. Is this the right file?`)
  const bytes = await file.arrayBuffer()
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    // What it is based on is known here by itself.
    return text.replace(/^# based on version [^\n]*\n/, '')
  } catch {
    throw unreadable(`${file.name} is not in UTF-8. Save it so.`)
  }
}
