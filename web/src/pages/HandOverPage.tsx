import { Button, Link, makeStyles, Spinner, Text, tokens } from '@fluentui/react-components'
import { useEffect, useRef, useState } from 'react'
import { type Fault, faultOf } from '../app/fault.ts'
import { type Arrival, ask, asked, findOther, finish, give } from '../app/hand-over.ts'
import { FaultNote } from '../parts/FaultNote.tsx'
import { GateCard } from '../parts/GateCard.tsx'

const useStyles = makeStyles({
  buttons: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
})

type Shown =
  | { what: 'working' }
  | { what: 'fault'; fault: Fault }
  | { what: 'other'; name: string; arrival: Arrival }
  | { what: 'stranger' }

const notAsked: Fault = {
  code: 'client',
  sentence:
    'This window did not ask for that sign-in, so that it is not taken. Choose the pool in your window once more.',
}

/** Between two pools: opens one by the sign-in at the other, and stops to ask where that would put out somebody else. */
export function HandOverPage() {
  const styles = useStyles()
  const [shown, setShown] = useState<Shown>({ what: 'working' })
  const hasBegun = useRef(false)

  useEffect(() => {
    document.title = 'Opening a pool · Persistent Chat'
    if (hasBegun.current) return
    hasBegun.current = true
    begin().then(setShown, error => setShown(failed(error)))
  }, [])

  if (shown.what === 'working') return <Spinner label="Opening the pool" delay={300} />
  if (shown.what === 'other') {
    const { name, arrival } = shown
    return (
      <GateCard title="Somebody is signed in here">
        <Text>
          In this browser {name} is signed in at this pool, and you come as {arrival.as}.
        </Text>
        <div className={styles.buttons}>
          <Button appearance="primary" as="a" href={`/${arrival.next}`}>
            Go on as {name}
          </Button>
          <Button
            onClick={() => {
              setShown({ what: 'working' })
              ask(arrival, true).catch(error => setShown(failed(error)))
            }}
          >
            Sign in as {arrival.as}
          </Button>
        </div>
      </GateCard>
    )
  }
  return (
    <GateCard title="The pool was not opened">
      {shown.what === 'stranger' ? (
        <Text role="alert">You are not signed in here any more. Sign in, then choose the pool once more.</Text>
      ) : null}
      {shown.what === 'fault' ? <FaultNote fault={shown.fault} /> : null}
      <Link href="/">Go to the sign-in of this pool</Link>
    </GateCard>
  )
}

function failed(error: unknown): Shown {
  return { what: 'fault', fault: faultOf(error) }
}

/** What is to be shown, while the browser goes elsewhere where all is well. */
async function begin(): Promise<Shown> {
  if (asked?.step === 'arrive') {
    const present = await findOther(asked)
    if (present === 'same') location.replace(`/${asked.next}`)
    else if (present !== undefined) return { what: 'other', name: present.me.name, arrival: asked }
    else await ask(asked, false)
  }
  if (asked?.step === 'give' && !(await give(asked.pool, asked.challenge))) return { what: 'stranger' }
  if (asked?.step === 'finish') {
    const ended = await finish(asked.ticket)
    if (ended === 'not asked') return { what: 'fault', fault: notAsked }
    if (ended !== 'done') return { what: 'other', ...ended }
  }
  return { what: 'working' }
}
