import { Field, Input } from '@fluentui/react-components'

type PasswordFieldsProps = {
  label: string
  value: { password: string; again: string }
  onChange: (value: { password: string; again: string }) => void
}

export function passwordMismatch({ password, again }: { password: string; again: string }): boolean {
  return again !== '' && password !== again
}

/** A new password, twice. How good it must be is the server's to say. */
export function PasswordFields({ label, value, onChange }: PasswordFieldsProps) {
  return (
    <>
      <Field label={label} required>
        <Input
          type="password"
          autoComplete="new-password"
          value={value.password}
          onChange={(_, data) => onChange({ ...value, password: data.value })}
        />
      </Field>
      <Field
        label={`${label} again`}
        required
        {...(passwordMismatch(value) ? { validationMessage: 'The two are not the same.' } : {})}
      >
        <Input
          type="password"
          autoComplete="new-password"
          value={value.again}
          onChange={(_, data) => onChange({ ...value, again: data.value })}
        />
      </Field>
    </>
  )
}
