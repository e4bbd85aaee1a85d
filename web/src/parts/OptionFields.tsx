import { Button, Field, Input, makeStyles, Text, Textarea } from '@fluentui/react-components'
import { useState } from 'react'
import type { PoolSettings } from '../../../src/protocol/settings-verbs.ts'
import { useChat } from '../app/chat.ts'
import { optionWords } from '../app/option-words.ts'
import { forget } from '../app/query.ts'
import { FormColumn } from './FormColumn.tsx'

const useStyles = makeStyles({ root: { maxWidth: '560px' } })

type OptionKey = keyof PoolSettings

function asText(settings: PoolSettings, key: OptionKey): string {
  const value = settings[key]
  return Array.isArray(value) ? value.join('\n') : String(value)
}

function parsed(settings: PoolSettings, key: OptionKey, text: string): unknown {
  const before = settings[key]
  if (typeof before === 'number') return Number(text)
  if (Array.isArray(before)) return text.split(/[\s,]+/).filter(one => one !== '')
  return text.trim()
}

type OptionFieldsProps = { settings: PoolSettings; mayChange: boolean }

export function OptionFields({ settings, mayChange }: OptionFieldsProps) {
  const styles = useStyles()
  const { client } = useChat()
  const [changed, setChanged] = useState<Partial<Record<OptionKey, string>>>({})
  const [isSaved, setSaved] = useState(false)
  const keys = Object.keys(optionWords) as OptionKey[]
  async function save(): Promise<void> {
    const changes = Object.entries(changed).map(([key, text]) => [key, parsed(settings, key as OptionKey, text)])
    await client.request('settings.update', { settings: Object.fromEntries(changes) })
    setChanged({})
    setSaved(true)
    forget('settings.get', 'configuration.list')
  }
  return (
    <div className={styles.root}>
      <FormColumn label="Pool options" onSubmit={save}>
        {isBusy => (
          <>
            {keys.map(key => {
              const { label, hint } = optionWords[key]
              const value = changed[key] ?? asText(settings, key)
              const change = (text: string) => {
                setSaved(false)
                setChanged(now => ({ ...now, [key]: text }))
              }
              return (
                <Field key={key} label={label} hint={hint}>
                  {key === 'trustedNetworks' ? (
                    <Textarea readOnly={!mayChange} value={value} onChange={(_, data) => change(data.value)} />
                  ) : (
                    <Input
                      type={typeof settings[key] === 'number' ? 'number' : 'text'}
                      step="any"
                      readOnly={!mayChange}
                      value={value}
                      onChange={(_, data) => change(data.value)}
                    />
                  )}
                </Field>
              )
            })}
            {isSaved ? <Text role="status">Saved. It holds on every server of the pool.</Text> : null}
            <div hidden={!mayChange}>
              <Button type="submit" appearance="primary" disabled={isBusy || Object.keys(changed).length === 0}>
                Save
              </Button>
            </div>
          </>
        )}
      </FormColumn>
    </div>
  )
}
