import { Button, Field, Input } from '@fluentui/react-components'
import type { PrincipalKind } from '../../../src/protocol/principal.ts'
import { PrincipalPicker } from './PrincipalPicker.tsx'

type NamedPrincipalProps = {
  label: string
  kind?: PrincipalKind
  /** Account name, as it stands in an address; empty: none. */
  name: string
  onName: (name: string) => void
}

/** At most one principal, known by its account name. */
export function NamedPrincipal({ label, kind, name, onName }: NamedPrincipalProps) {
  if (name === '')
    return <PrincipalPicker label={label} {...(kind === undefined ? {} : { kind })} onPick={one => onName(one.name)} />
  return (
    <Field label={label}>
      <Input
        readOnly
        value={name}
        contentAfter={
          <Button size="small" appearance="transparent" onClick={() => onName('')}>
            Clear
          </Button>
        }
      />
    </Field>
  )
}
