import { Button, FluentProvider, makeStyles, Spinner, tokens } from '@fluentui/react-components'
import { QueryClientProvider } from '@tanstack/react-query'
import { useEffect } from 'react'
import { ChatContext } from '../app/chat.ts'
import { passing } from '../app/hand-over.ts'
import { queryClient } from '../app/query.ts'
import { checkSession, session } from '../app/session.ts'
import { useStore } from '../app/store.ts'
import { useTheme } from '../app/theme.ts'
import { FaultNote } from '../parts/FaultNote.tsx'
import { GateCard } from '../parts/GateCard.tsx'
import { SignInStep } from '../parts/SignInStep.tsx'
import { DevicePage } from './DevicePage.tsx'
import { HandOverPage } from './HandOverPage.tsx'
import { SetUpPage } from './SetUpPage.tsx'
import { SignInPage } from './SignInPage.tsx'
import { WindowPage } from './WindowPage.tsx'

const useStyles = makeStyles({
  root: { backgroundColor: tokens.colorNeutralBackground1, fontVariantNumeric: 'tabular-nums' },
})

/** No class: menus and dialogs get the classes as well, and would lie over the whole window. */
const whole = { height: '100%' }

export function App() {
  const styles = useStyles()
  const theme = useTheme()
  const now = useStore(session)
  const isPassing = useStore(passing)
  const isSetUp = location.pathname === '/setup'
  const isDevice = location.pathname === '/device'
  useEffect(() => {
    if (!isSetUp && !passing.get()) void checkSession()
  }, [isSetUp])
  if (isPassing)
    return (
      <FluentProvider theme={theme} className={styles.root} style={whole}>
        <HandOverPage />
      </FluentProvider>
    )
  return (
    <FluentProvider theme={theme} className={styles.root} style={whole}>
      {isSetUp && now.status !== 'signedIn' ? <SetUpPage /> : null}
      {!isSetUp && now.status === 'checking' ? <Spinner label="Opening" delay={500} /> : null}
      {now.status === 'unreachable' ? (
        <GateCard title="The server does not answer">
          <FaultNote fault={now.fault} />
          <Button appearance="primary" onClick={() => void checkSession()}>
            Try again
          </Button>
        </GateCard>
      ) : null}
      {!isSetUp && now.status === 'signedOut' && now.step !== undefined ? (
        <SignInStep step={now.step} key={now.step.ticket} />
      ) : null}
      {!isSetUp && now.status === 'signedOut' && now.step === undefined ? <SignInPage notice={now.notice} /> : null}
      {now.status === 'signedIn' ? (
        <QueryClientProvider client={queryClient}>
          <ChatContext.Provider value={now.chat} key={now.chat.me.id}>
            {isDevice ? <DevicePage csrf={now.csrf} /> : <WindowPage />}
          </ChatContext.Provider>
        </QueryClientProvider>
      ) : null}
    </FluentProvider>
  )
}
