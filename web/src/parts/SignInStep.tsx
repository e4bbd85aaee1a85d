import { Link } from '@fluentui/react-components'
import type { SecondStep } from '../../../src/protocol/factor.ts'
import { beginSignIn } from '../app/session.ts'
import { GateCard } from './GateCard.tsx'
import { SignInEnrol } from './SignInEnrol.tsx'
import { SignInFactor } from './SignInFactor.tsx'

/** What follows the right password: show a second factor, or set one up where it is obligatory. */
export function SignInStep({ step }: { step: SecondStep }) {
  return (
    <GateCard title={step.enrol ? 'Protect your account' : 'One more step'}>
      {step.enrol ? <SignInEnrol step={step} /> : <SignInFactor step={step} />}
      <Link as="button" onClick={beginSignIn}>
        Sign in as somebody else
      </Link>
    </GateCard>
  )
}
