import { Field, Input, makeStyles, Select, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import { optionWords } from '../app/topology-schema.ts'
import { hintOf, ProblemWords, type TopologyFieldProps, textOf } from './TopologyHints.tsx'

const useStyles = makeStyles({
  row: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
  kind: { flexShrink: 0 },
  place: { flexGrow: 1, flexBasis: '160px', minWidth: 0 },
})

type Kind = 'none' | 'env' | 'file'

/** Where a secret stands: there is no field that takes the secret itself. */
export function TopologySecret({ name, schema, value, isReadOnly, problems, onChange }: TopologyFieldProps) {
  const styles = useStyles()
  const text = textOf(value)
  const written: Kind = text.startsWith('env:') ? 'env' : text === '' ? 'none' : 'file'
  // Chosen, and nothing named yet.
  const [chosen, setChosen] = useState<Kind>()
  const kind = written === 'none' ? (chosen ?? 'none') : written
  const place = text.replace(/^(env|file):/, '')
  const isError = problems.some(({ level }) => level === 'error')
  const label = optionWords(name)
  return (
    <Field
      label={label}
      hint={hintOf(schema)}
      validationState={problems.length === 0 ? 'none' : isError ? 'error' : 'warning'}
      {...(problems.length === 0 ? {} : { validationMessage: <ProblemWords problems={problems} /> })}
    >
      {control => (
        <div className={styles.row}>
          <Select
            {...control}
            className={styles.kind}
            disabled={isReadOnly}
            value={kind}
            onChange={(_, { value: next }) => {
              setChosen(next as Kind)
              onChange(next === 'none' ? undefined : next === 'env' ? 'env:PCHAT_SECRET' : 'file:/etc/pchat/secret')
            }}
          >
            <option value="none">There is none</option>
            <option value="env">In a variable</option>
            <option value="file">In a file</option>
          </Select>
          {kind === 'none' ? null : (
            <Input
              className={styles.place}
              aria-label={`${label}: ${kind === 'env' ? 'name of the variable' : 'path of the file'}`}
              readOnly={isReadOnly}
              autoComplete="off"
              spellCheck={false}
              value={place}
              onChange={(_, { value: typed }) => onChange(`${kind}:${typed}`)}
            />
          )}
        </div>
      )}
    </Field>
  )
}
