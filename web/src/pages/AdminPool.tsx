import { Button, MessageBar, MessageBarBody, makeStyles, Spinner, Text, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import { mayChange } from '../app/admin-sections.ts'
import { useChat } from '../app/chat.ts'
import { counted } from '../app/count-words.ts'
import { faultOf } from '../app/fault.ts'
import { useLiveVerb } from '../app/query.ts'
import { FaultNote } from '../parts/FaultNote.tsx'
import { PoolChange } from '../parts/PoolChange.tsx'
import { ServerTable } from '../parts/ServerTable.tsx'

const useStyles = makeStyles({
  bar: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalM, alignItems: 'center' },
  summary: { flexGrow: 1 },
})

const everyMs = 3_000

/** Which servers serve, and how they are, as of a few seconds ago. */
export function AdminPool() {
  const styles = useStyles()
  const { me } = useChat()
  const { data, error, dataUpdatedAt } = useLiveVerb('pool.get', {}, everyMs)
  const [asking, setAsking] = useState<'active' | 'swap'>()
  if (data === undefined)
    return error === null ? <Spinner delay={300} label="Loading" /> : <FaultNote fault={faultOf(error)} />
  const { servers, state } = data.pool
  const alive = servers.filter(one => one.alive)
  const missing = servers.filter(one => one.active && !one.alive)
  const versions = new Set(servers.flatMap(one => one.processes.map(process => process.program)))
  const sessions = servers.reduce((sum, one) => sum + one.sessions, 0)
  return (
    <>
      {error === null ? null : <FaultNote fault={faultOf(error)} />}
      {state === 'failed-over' ? (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>The pool is failed over: it runs on the store of the other site.</MessageBarBody>
        </MessageBar>
      ) : null}
      {missing.length > 0 ? (
        <MessageBar intent="error" layout="multiline" role="alert">
          <MessageBarBody>
            {missing.map(one => one.name).join(', ')} should serve and {missing.length === 1 ? 'is' : 'are'} not alive.
            People who were there are on other servers. Start {missing.length === 1 ? 'it' : 'them'}, or make a server
            on stand-by active.
          </MessageBarBody>
        </MessageBar>
      ) : null}
      {versions.size > 1 ? (
        <MessageBar intent="info" layout="multiline">
          <MessageBarBody>Several versions run beside each other: {[...versions].join(', ')}.</MessageBarBody>
        </MessageBar>
      ) : null}
      <div className={styles.bar}>
        <Text className={styles.summary}>
          {alive.length} of {counted(servers.length, 'server')} alive, {counted(sessions, 'session')}. As of{' '}
          <time>{new Date(dataUpdatedAt).toLocaleTimeString(undefined, { hourCycle: 'h23' })}</time>.
        </Text>
        {mayChange(me, 'pool') ? (
          <>
            <Button onClick={() => setAsking('active')}>Set active servers</Button>
            <Button disabled={servers.every(one => one.active)} onClick={() => setAsking('swap')}>
              Swap with stand-by
            </Button>
          </>
        ) : null}
      </div>
      <ServerTable servers={servers} />
      {asking === undefined ? null : (
        <PoolChange kind={asking} servers={servers} onClose={() => setAsking(undefined)} />
      )}
    </>
  )
}
