import { Button, Checkbox, Field, Input, Select } from '@fluentui/react-components'
import { useState } from 'react'
import type { Principal, PrincipalKind } from '../../../src/protocol/principal.ts'
import { useChat } from '../app/chat.ts'
import { kindWords } from '../app/principal-words.ts'
import { forget } from '../app/query.ts'
import { FormColumn } from './FormColumn.tsx'
import { PickedPrincipal } from './PickedPrincipal.tsx'

const hints: Record<PrincipalKind, string> = {
  user: 'Such as alice@example.com',
  group: 'Such as traders@example.com',
  organizationalUnit: 'Such as research@example.com',
  domain: 'Such as example.com',
}

type PrincipalFormProps = { kinds: readonly PrincipalKind[]; onDone: () => void }

/** Adds a user, group, organisational unit or domain. */
export function PrincipalForm({ kinds, onDone }: PrincipalFormProps) {
  const { client } = useChat()
  const [kind, setKind] = useState<PrincipalKind>(kinds[0] ?? 'user')
  const [words, setWords] = useState({ name: '', displayName: '', password: '', email: '' })
  const [isAdministrator, setAdministrator] = useState(false)
  const [unit, setUnit] = useState<Principal>()
  const isUser = kind === 'user'
  const change = (patch: Partial<typeof words>) => setWords(now => ({ ...now, ...patch }))

  async function create(): Promise<void> {
    await client.request('principal.create', {
      kind,
      name: words.name.trim(),
      displayName: words.displayName.trim(),
      ...(isUser && words.password !== '' ? { password: words.password } : {}),
      ...(isUser && words.email.trim() !== '' ? { email: words.email.trim() } : {}),
      ...(isUser && isAdministrator ? { administrator: true } : {}),
      ...(unit === undefined || kind === 'domain' ? {} : { in: unit.id }),
    })
    forget('principal.find')
    onDone()
  }

  return (
    <FormColumn onSubmit={create}>
      {isBusy => (
        <>
          {kinds.length === 1 ? null : (
            <Field label="Kind">
              <Select value={kind} onChange={(_, { value }) => setKind(kinds.find(one => one === value) ?? kind)}>
                {kinds.map(one => (
                  <option key={one} value={one}>
                    {kindWords[one]}
                  </option>
                ))}
              </Select>
            </Field>
          )}
          <Field label="Account name" hint={hints[kind]} required>
            <Input value={words.name} autoComplete="off" onChange={(_, { value }) => change({ name: value })} />
          </Field>
          <Field label="Name that others see" required>
            <Input value={words.displayName} onChange={(_, { value }) => change({ displayName: value })} />
          </Field>
          {isUser ? (
            <>
              <Field label="Password" hint="Tell it to the user, who can change it under Account." required>
                <Input
                  type="password"
                  autoComplete="new-password"
                  value={words.password}
                  onChange={(_, { value }) => change({ password: value })}
                />
              </Field>
              <Field label="E-mail">
                <Input type="email" value={words.email} onChange={(_, { value }) => change({ email: value })} />
              </Field>
              <Checkbox
                label="Administrator: manages users, categories and all rooms"
                checked={isAdministrator}
                onChange={(_, { checked }) => setAdministrator(checked === true)}
              />
            </>
          ) : null}
          {kind === 'domain' ? null : (
            <PickedPrincipal label="Organisational unit" kind="organizationalUnit" picked={unit} onPick={setUnit} />
          )}
          <div>
            <Button
              type="submit"
              appearance="primary"
              disabled={
                isBusy ||
                words.name.trim() === '' ||
                words.displayName.trim() === '' ||
                (isUser && words.password === '')
              }
            >
              Add
            </Button>
          </div>
        </>
      )}
    </FormColumn>
  )
}
