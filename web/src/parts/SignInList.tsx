import { Button, makeStyles, Text, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import { useChat } from '../app/chat.ts'
import { type Fault, faultOf } from '../app/fault.ts'
import { forget, useVerb } from '../app/query.ts'
import { shortTime } from '../app/time.ts'
import { FaultNote } from './FaultNote.tsx'

const useStyles = makeStyles({
  list: { listStyle: 'none', margin: 0, padding: 0 },
  item: {
    display: 'flex',
    flexWrap: 'wrap',
    justifyContent: 'space-between',
    alignItems: 'center',
    gap: tokens.spacingHorizontalM,
    paddingBlock: tokens.spacingVerticalS,
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
  },
})

/** One's own sign-ins; each can be ended from here. */
export function SignInList() {
  const styles = useStyles()
  const { client } = useChat()
  const [fault, setFault] = useState<Fault>()
  const { data, error } = useVerb('session.list', {})
  async function end(id: string): Promise<void> {
    try {
      await client.request('session.end', { session: id })
      forget('session.list')
    } catch (failure) {
      setFault(faultOf(failure))
    }
  }
  return (
    <>
      <FaultNote fault={error === null ? fault : faultOf(error)} />
      <ul className={styles.list}>
        {data?.sessions.map(one => (
          <li key={one.id} className={styles.item}>
            <span>
              <Text block weight={one.current ? 'semibold' : 'regular'}>
                {one.current ? 'This window' : one.kind === 'bot' ? 'Bot' : 'Another window or device'}
                {one.address === '' ? '' : `, from ${one.address}`}
                {one.handedOverFrom === undefined ? '' : `, by ${one.handedOverFrom}`}
              </Text>
              <Text size={200} block>
                Since {shortTime(one.createdAt)}, last used {shortTime(one.lastUsedAt)}
              </Text>
            </span>
            {one.current ? null : (
              <Button size="small" onClick={() => void end(one.id)}>
                End
              </Button>
            )}
          </li>
        ))}
      </ul>
    </>
  )
}
