import { Checkbox, makeStyles, Text, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { PoolServer } from '../../../src/protocol/pool-verbs.ts'
import { useChat } from '../app/chat.ts'
import { counted } from '../app/count-words.ts'
import { forget } from '../app/query.ts'
import { ConfirmDialog } from './ConfirmDialog.tsx'

const useStyles = makeStyles({ list: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalXS } })

type PoolChangeProps = { kind: 'active' | 'swap'; servers: readonly PoolServer[]; onClose: () => void }

/** Sets who takes new sessions, after saying whom that moves. */
export function PoolChange({ kind, servers, onClose }: PoolChangeProps) {
  const styles = useStyles()
  const { client } = useChat()
  const [chosen, setChosen] = useState(() => servers.filter(one => one.active).map(one => one.name))
  const next = kind === 'swap' ? servers.filter(one => !one.active).map(one => one.name) : chosen
  const moved = servers.filter(one => one.active && !next.includes(one.name))
  const dead = servers.filter(one => next.includes(one.name) && !one.alive)
  const sessions = moved.reduce((sum, one) => sum + one.sessions, 0)
  return (
    <ConfirmDialog
      title={kind === 'swap' ? 'Swap active servers with those on stand-by?' : 'Set active servers'}
      action={kind === 'swap' ? 'Swap them' : 'Set them'}
      isOpen
      canConfirm={next.length > 0}
      onClose={onClose}
      onConfirm={async () => {
        await client.request('pool.update', kind === 'swap' ? { swap: true } : { activeServers: chosen })
        forget('pool.get')
      }}
    >
      <div className={styles.list}>
        {kind === 'swap' ? (
          <Text>Active will be: {next.join(', ')}.</Text>
        ) : (
          servers.map(one => (
            <Checkbox
              key={one.name}
              label={`${one.name}${one.alive ? '' : ' (not alive)'}`}
              checked={chosen.includes(one.name)}
              onChange={(_, { checked }) =>
                setChosen(now => (checked === true ? [...now, one.name] : now.filter(name => name !== one.name)))
              }
            />
          ))
        )}
        <Text role="status">
          {moved.length === 0
            ? 'Nobody is moved.'
            : `${counted(sessions, 'session')} of ${moved.map(one => one.name).join(', ')} go to active servers within seconds, and miss nothing.`}
          {dead.length > 0 ? ` Not alive: ${dead.map(one => one.name).join(', ')}.` : ''} You can set it back here.
        </Text>
      </div>
    </ConfirmDialog>
  )
}
