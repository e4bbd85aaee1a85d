import { makeStyles, Text } from '@fluentui/react-components'
import { useState } from 'react'
import type { Principal } from '../../../src/protocol/principal.ts'
import { PickedPrincipal } from '../parts/PickedPrincipal.tsx'
import { SignInRecord } from '../parts/SignInRecord.tsx'

const useStyles = makeStyles({ filter: { maxWidth: '480px' } })

const pageSize = 50

/** Who came in, who was refused, from where. */
export function AdminSignIns() {
  const styles = useStyles()
  const [user, setUser] = useState<Principal>()
  return (
    <>
      <Text>A name that is no account is shown as a number: somebody may have typed his password there.</Text>
      <div className={styles.filter}>
        <PickedPrincipal label="Of one user only" kind="user" picked={user} onPick={setUser} />
      </div>
      <SignInRecord key={user?.id} of={user === undefined ? 'all' : { user: user.id }} pageSize={pageSize} />
    </>
  )
}
