import { Text } from '@fluentui/react-components'
import { SignInRecord } from '../parts/SignInRecord.tsx'

const pageSize = 50

/** Who came in, who was refused, from where. */
export function AdminSignIns() {
  return (
    <>
      <Text>A name that is no account is shown as a number: somebody may have typed his password there.</Text>
      <SignInRecord isAll pageSize={pageSize} />
    </>
  )
}
