import { Checkbox, Field, Input, Select, Textarea } from '@fluentui/react-components'
import { type ReactNode, useId, useState } from 'react'
import { fieldKind, type OptionSchema, optionWords } from '../app/topology-schema.ts'
import { hintOf, ProblemWords, type TopologyFieldProps, textOf } from './TopologyHints.tsx'
import { TopologySecret } from './TopologySecret.tsx'

/** One option of the document, made of its schema: its type, its default, its sentence, and what the rules find there. */
export function TopologyField(props: TopologyFieldProps) {
  const { name, schema, value, problems } = props
  const worst = problems.find(({ level }) => level === 'error') ?? problems[0]
  const frame = (control: ReactNode, label: string | undefined = optionWords(name)) => (
    <Field
      {...(label === '' ? {} : { label })}
      hint={hintOf(schema)}
      required={props.isRequired}
      validationState={worst === undefined ? 'none' : worst.level === 'error' ? 'error' : 'warning'}
      {...(worst === undefined ? {} : { validationMessage: <ProblemWords problems={problems} /> })}
    >
      {control}
    </Field>
  )
  const text = textOf(value)
  switch (fieldKind(schema)) {
    case 'choice':
      return frame(
        <Select
          value={text}
          disabled={props.isReadOnly}
          onChange={(_, { value: chosen }) => props.onChange(chosen === '' ? undefined : chosen)}
        >
          <option value="">{`${String(schema.default ?? 'not said')} (default)`}</option>
          {schema.enum!.map(one => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
          {text !== '' && !schema.enum!.includes(text) ? <option value={text}>{text}</option> : null}
        </Select>,
      )
    case 'switch':
      return frame(
        <Checkbox
          label={optionWords(name)}
          disabled={props.isReadOnly}
          checked={typeof value === 'boolean' ? value : schema.default === true}
          onChange={(_, { checked }) =>
            props.onChange(value === undefined && checked === schema.default ? undefined : checked === true)
          }
        />,
        '',
      )
    case 'number':
      return frame(
        <Input
          value={text}
          inputMode="numeric"
          readOnly={props.isReadOnly}
          placeholder={defaultText(schema)}
          onChange={(_, { value: typed }) => props.onChange(numberOf(typed))}
        />,
      )
    case 'texts':
      return frame(<Lines {...props} />)
    case 'secret':
      return <TopologySecret {...props} />
    default:
      return <TextField {...props} frame={frame} />
  }
}

function TextField({
  value,
  schema,
  suggestions,
  isReadOnly,
  onChange,
  frame,
}: TopologyFieldProps & { frame: (control: ReactNode) => ReactNode }) {
  const list = useId()
  return frame(
    <Input
      value={textOf(value)}
      readOnly={isReadOnly}
      placeholder={defaultText(schema)}
      autoComplete="off"
      spellCheck={false}
      {...(suggestions.length === 0 ? {} : { list })}
      contentAfter={
        suggestions.length === 0 ? null : (
          <datalist id={list}>
            {suggestions.map(one => (
              <option key={one} value={one} />
            ))}
          </datalist>
        )
      }
      onChange={(_, { value: typed }) => onChange(typed === '' ? undefined : typed)}
    />,
  )
}

/** One text a line. What is typed stays as it is until the field is left. */
function Lines({
  name,
  schema,
  value,
  isRequired,
  suggestions,
  problems,
  isReadOnly,
  onChange,
  ...control
}: TopologyFieldProps) {
  const [typed, setTyped] = useState<string>()
  return (
    <Textarea
      {...control}
      rows={2}
      readOnly={isReadOnly}
      placeholder="One a line"
      value={typed ?? (Array.isArray(value) ? value.map(String).join('\n') : textOf(value))}
      onBlur={() => setTyped(undefined)}
      onChange={(_, { value: text }) => {
        setTyped(text)
        const named = text
          .split('\n')
          .map(line => line.trim())
          .filter(line => line !== '')
        onChange(named.length === 0 ? undefined : named)
      }}
    />
  )
}

function defaultText({ default: otherwise }: OptionSchema): string {
  return otherwise === undefined || typeof otherwise === 'object' ? '' : String(otherwise)
}

/** What is no number stays as it was typed, and the server says so beside it. */
function numberOf(typed: string): unknown {
  const text = typed.trim()
  if (text === '') return undefined
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text
}
