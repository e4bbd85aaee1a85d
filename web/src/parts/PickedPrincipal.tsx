import { Button, Field, Input } from '@fluentui/react-components'
import type { Principal, PrincipalKind } from '../../../src/protocol/principal.ts'
import { PrincipalPicker } from './PrincipalPicker.tsx'

type PickedPrincipalProps = {
  label: string
  kind?: PrincipalKind
  picked: Principal | undefined
  onPick: (principal: Principal | undefined) => void
}

/** At most one principal: a search box until one is picked. */
export function PickedPrincipal({ label, kind, picked, onPick }: PickedPrincipalProps) {
  if (picked === undefined)
    return <PrincipalPicker label={label} {...(kind === undefined ? {} : { kind })} onPick={onPick} />
  return (
    <Field label={label}>
      <Input
        readOnly
        value={`${picked.displayName} (${picked.name})`}
        contentAfter={
          <Button size="small" appearance="transparent" onClick={() => onPick(undefined)}>
            Clear
          </Button>
        }
      />
    </Field>
  )
}
