import { Button, Checkbox, Field, Input, makeStyles, Select, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { Configuration } from '../../../src/protocol/configuration-verbs.ts'
import { useChat } from '../app/chat.ts'
import { forget } from '../app/query.ts'
import { draftOfScope, optionWord, scopeChanges, scopedOptions, scopedWords } from '../app/scope-options.ts'
import { FormColumn } from './FormColumn.tsx'

const useStyles = makeStyles({ option: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalXS } })

type ScopeFormProps = {
  configuration: Configuration | undefined
  inherited: Configuration | undefined
  onDone: () => void
}

/** What a site or pool has of its own; the rest stays that of the global scope. */
export function ScopeForm({ configuration, inherited, onDone }: ScopeFormProps) {
  const styles = useStyles()
  const { client } = useChat()
  const [kind, setKind] = useState('site')
  const [name, setName] = useState('')
  const [draft, setDraft] = useState(() => draftOfScope(configuration))
  const hasOwn = scopedOptions.some(option => draft[option] !== null)

  async function save(): Promise<void> {
    const scope = configuration?.scope ?? `${kind}:${name.trim()}`
    await client.request('configuration.set', { scope, ...scopeChanges(draft) })
    forget('configuration.list', 'settings.get')
    onDone()
  }

  return (
    <FormColumn onSubmit={save}>
      {isBusy => (
        <>
          {configuration === undefined ? (
            <>
              <Field label="Kind">
                <Select value={kind} onChange={(_, { value }) => setKind(value)}>
                  <option value="site">Site</option>
                  <option value="pool">Pool</option>
                </Select>
              </Field>
              <Field label="Name" hint="As its servers are started with: --site or --pool" required>
                <Input value={name} onChange={(_, { value }) => setName(value)} />
              </Field>
            </>
          ) : null}
          {scopedOptions.map(option => {
            const { label, hint } = scopedWords[option]
            const value = draft[option]
            const now = inherited === undefined ? '' : optionWord(inherited, option)
            return (
              <div key={option} className={styles.option}>
                <Checkbox
                  label={`${label}: of its own`}
                  checked={value !== null}
                  onChange={(_, { checked }) =>
                    setDraft(old => ({ ...old, [option]: checked === true ? String(inherited?.[option] ?? '') : null }))
                  }
                />
                <Field hint={value === null ? `From the global scope: ${now}` : hint}>
                  <Input
                    aria-label={label}
                    type={option === 'roomManagementUrl' ? 'url' : 'number'}
                    disabled={value === null}
                    value={value ?? ''}
                    onChange={(_, data) => setDraft(old => ({ ...old, [option]: data.value }))}
                  />
                </Field>
              </div>
            )
          })}
          <div>
            <Button
              type="submit"
              appearance="primary"
              disabled={isBusy || (configuration === undefined && (name.trim() === '' || !hasOwn))}
            >
              Save
            </Button>
          </div>
        </>
      )}
    </FormColumn>
  )
}
