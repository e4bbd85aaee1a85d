import { Button, Field, Input, makeStyles, Subtitle2, Text, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import { unreadable } from '../../../src/protocol/csv.ts'
import type { Input as VerbInput } from '../../../src/protocol/request.ts'
import { splitBasis } from '../../../src/protocol/topology-basis.ts'
import { useChat } from '../app/chat.ts'
import { useTask } from '../app/task.ts'
import type { Base } from '../app/topology-edit.ts'
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

type TopologyStartProps = {
  /** Something is: then a file is a change of one of its versions. */
  isPublished: boolean
  /** Undefined where there is nothing to go back to. */
  onBack: (() => void) | undefined
  /** `base`: the publication that the text is a change of, where that is not the one on the page. */
  onText: (text: string, base?: Base) => void
}

/** Where there is no document yet: what it is to begin as. */
export function TopologyStart({ isPublished, onBack, onText }: TopologyStartProps) {
  const styles = useStyles()
  const { ask } = useChat()
  const { fault, run, isBusy } = useTask()
  const [fqdn, setFqdn] = useState('')
  async function begin(edition: Edition): Promise<void> {
    await run(async () => {
      const input = { edition, ...(fqdn.trim() === '' ? {} : { fqdn: fqdn.trim() }) }
      onText((await ask('topology.example', input)).text)
    })
  }
  return (
    <section className={styles.root} aria-label="Begin a topology">
      <Text>
        The topology says what runs where: sites, pools, servers and their stores.{' '}
        {onBack === undefined
          ? 'There is none yet. Begin with one of these, and change it to what you have.'
          : 'Each of these takes the place of the document that is open; Undo brings that back. Nothing is published by it.'}
      </Text>
      {onBack === undefined ? null : (
        <div>
          <Button onClick={onBack}>Back to the open document</Button>
        </div>
      )}
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
      <TopologyFile isPublished={isPublished} onText={onText} />
    </section>
  )
}

/** A document that is there already. It is read in this window; the server checks it as it does what is typed. */
function TopologyFile({ isPublished, onText }: Omit<TopologyStartProps, 'onBack'>) {
  const { ask } = useChat()
  const { fault, run } = useTask()
  const open = async (file: File) => {
    const { document, basis } = splitBasis(await readTextFile(file))
    if (!isPublished) return onText(document)
    if (basis === undefined)
      throw unreadable(
        `${file.name} does not say which version it is a change of. Download the published document, and put your changes there; or take this text into the editor by hand.`,
      )
    const { version, mark } = basis
    const { publication } = await ask('topology.get', { version })
    if (publication?.mark !== mark)
      throw unreadable(`${file.name} is a change of a version ${version} that was not published here.`)
    onText(document, { version, mark, text: publication.text })
  }
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
              if (file) void run(() => open(file))
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
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw unreadable(`${file.name} is not in UTF-8. Save it so.`)
  }
}
