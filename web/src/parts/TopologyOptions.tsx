import { Button, makeStyles, Text, tokens } from '@fluentui/react-components'
import { AddRegular, DeleteRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { byPath, countIn, type Problem } from '../app/topology-check.ts'
import { listAt } from '../app/topology-document.ts'
import { namesFor } from '../app/topology-parts.ts'
import { fieldKind, type OptionSchema, optionWords, pointerOf, type Steps, valueAt } from '../app/topology-schema.ts'
import { problemWords } from '../app/topology-words.ts'
import { TopologyField } from './TopologyField.tsx'
import { hintOf, ProblemWords, textOf } from './TopologyHints.tsx'

const useStyles = makeStyles({
  group: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalM,
    minWidth: 0,
    margin: 0,
    padding: tokens.spacingHorizontalM,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
  },
  legend: { fontWeight: tokens.fontWeightSemibold, paddingInline: tokens.spacingHorizontalXS },
  row: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: tokens.spacingHorizontalS },
  name: { flexGrow: 1, minWidth: 0, overflowWrap: 'anywhere' },
  list: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalXS,
    margin: 0,
    padding: 0,
    listStyleType: 'none',
  },
  problem: { color: tokens.colorStatusDangerForeground1 },
  more: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
  hint: { color: tokens.colorNeutralForeground2 },
})

/** What a form does to the document. */
export type FormActions = {
  isReadOnly: boolean
  set: (steps: Steps, value: unknown) => void
  unset: (steps: Steps) => void
  /** Adds a part to a list and opens it, or a group that is one. */
  add: (steps: Steps, isList: boolean) => void
  remove: (steps: Steps, name: string) => void
}

type OptionsProps = {
  schema: OptionSchema
  steps: Steps
  value: unknown
  problems: readonly Problem[]
  actions: FormActions
  onSelect: (pointer: string) => void
  isOutermost?: boolean
}

/** Fewer are not worth a button. */
const fewest = 5

/** All options of a part or a group, in the order of the schema; those that are seldom said come last. */
export function TopologyOptions(props: OptionsProps) {
  const styles = useStyles()
  const { schema, steps, value, problems, isOutermost = false } = props
  const names = Object.keys(schema.properties ?? {})
  // As it was when the form was opened: what somebody fills in must not move away under his hands.
  const [rare] = useState(() => (isOutermost ? rareOf(schema, valueAt(value, steps)) : []))
  const [isOpen, setOpen] = useState(false)
  const troubled = rare.filter(name => problems.some(({ path }) => path.startsWith(pointerOf([...steps, name]))))
  const hidden = isOpen ? [] : rare.filter(name => !troubled.includes(name))
  return (
    <>
      {names
        .filter(name => !rare.includes(name) || troubled.includes(name))
        .map(name => (
          <OneOption key={name} {...props} name={name} />
        ))}
      {rare.length === 0 ? null : (
        <div className={styles.more}>
          <Button aria-expanded={isOpen} onClick={() => setOpen(now => !now)}>
            {isOpen ? 'Fewer options' : `${hidden.length} more options`}
          </Button>
          {isOpen
            ? rare.filter(name => !troubled.includes(name)).map(name => <OneOption key={name} {...props} name={name} />)
            : null}
        </div>
      )}
    </>
  )
}

/** Plain options behind the first list or group that the document says nothing of. */
function rareOf(schema: OptionSchema, value: unknown): string[] {
  const entries = Object.entries(schema.properties ?? {})
  const isPlain = (one: OptionSchema) => !['group', 'part', 'parts', 'rows'].includes(fieldKind(one))
  const first = entries.findIndex(([, one]) => !isPlain(one))
  const rare = entries
    .slice(first < 0 ? entries.length : first)
    .filter(([name, one]) => isPlain(one) && valueAt(value, [name]) === undefined)
    .map(([name]) => name)
  return rare.length < fewest ? [] : rare
}

function OneOption({ name, ...props }: OptionsProps & { name: string }) {
  const styles = useStyles()
  const { schema, value, problems, actions } = props
  const own = schema.properties![name]!
  const steps = [...props.steps, name]
  const here = byPath(problems).get(pointerOf(steps)) ?? []
  const found = valueAt(value, steps)
  switch (fieldKind(own)) {
    case 'fixed':
      return null
    case 'group':
      return (
        <fieldset className={styles.group}>
          <legend className={styles.legend}>{optionWords(name)}</legend>
          <Text size={200} className={styles.hint}>
            {own.description}.
          </Text>
          <Problems problems={here} />
          <TopologyOptions {...props} schema={own} steps={steps} isOutermost={false} />
        </fieldset>
      )
    case 'part':
      return <PartRow {...props} name={name} schema={own} steps={steps} isThere={found !== undefined} here={here} />
    case 'parts':
      return <PartList {...props} name={name} schema={own} steps={steps} here={here} />
    case 'rows':
      return <RowList {...props} name={name} schema={own} steps={steps} here={here} />
    default:
      return (
        <TopologyField
          name={name}
          schema={own}
          value={found}
          isRequired={schema.required?.includes(name) === true && own.default === undefined}
          suggestions={namesFor(value, name)}
          problems={here}
          isReadOnly={actions.isReadOnly}
          onChange={next => (next === undefined ? actions.unset(steps) : actions.set(steps, next))}
        />
      )
  }
}

type InnerProps = OptionsProps & { name: string; here: readonly Problem[] }

/** A part that the document may leave out. */
function PartRow({
  name,
  schema,
  steps,
  problems,
  actions,
  onSelect,
  isThere,
  here,
}: InnerProps & { isThere: boolean }) {
  const styles = useStyles()
  const words = optionWords(name)
  const { errors, advice } = countIn(problems, pointerOf(steps))
  const counts = problemWords(errors, advice)
  return (
    <fieldset className={styles.group}>
      <legend className={styles.legend}>{words}</legend>
      <Text size={200} className={styles.hint}>
        {hintOf(schema)}
      </Text>
      <Problems problems={here} />
      <div className={styles.row}>
        {isThere ? (
          <>
            <Button onClick={() => onSelect(pointerOf(steps))}>Open {words}</Button>
            {counts === '' ? null : <Text className={errors > 0 ? styles.problem : ''}>{counts}</Text>}
            {actions.isReadOnly ? null : (
              <Button appearance="subtle" icon={<DeleteRegular />} onClick={() => actions.remove(steps, words)}>
                Remove {words}
              </Button>
            )}
          </>
        ) : actions.isReadOnly ? (
          <Text>There is none.</Text>
        ) : (
          <Button icon={<AddRegular />} onClick={() => actions.add(steps, false)}>
            Add {words}
          </Button>
        )}
      </div>
    </fieldset>
  )
}

/** Parts with names, each with a form of its own. */
function PartList({ name, schema, steps, value, problems, actions, onSelect, here }: InnerProps) {
  const styles = useStyles()
  const items = listAt(value, steps)
  return (
    <fieldset className={styles.group}>
      <legend className={styles.legend}>{optionWords(name)}</legend>
      <Text size={200} className={styles.hint}>
        {schema.description}.
      </Text>
      <Problems problems={here} />
      <ul className={styles.list}>
        {items.map((item, i) => {
          const pointer = pointerOf([...steps, i])
          const shown = textOf(item[schema['x-key']!]) || 'without a name'
          const { errors, advice } = countIn(problems, pointer)
          const counts = problemWords(errors, advice)
          return (
            <li key={pointer} className={styles.row}>
              <Button className={styles.name} onClick={() => onSelect(pointer)}>
                {shown}
                {counts === '' ? '' : `: ${counts}`}
              </Button>
              {actions.isReadOnly ? null : (
                <Button
                  appearance="subtle"
                  icon={<DeleteRegular />}
                  aria-label={`Remove ${shown}`}
                  onClick={() => actions.remove([...steps, i], shown)}
                />
              )}
            </li>
          )
        })}
      </ul>
      {actions.isReadOnly || items.length >= (schema.maxItems ?? Number.POSITIVE_INFINITY) ? null : (
        <div>
          <Button icon={<AddRegular />} onClick={() => actions.add(steps, true)}>
            Add to {optionWords(name).toLowerCase()}
          </Button>
        </div>
      )}
    </fieldset>
  )
}

/** Parts without names, such as the hosts of a database, one below the other. */
function RowList(props: InnerProps) {
  const styles = useStyles()
  const { name, schema, steps, value, actions, here } = props
  const items = listAt(value, steps)
  return (
    <fieldset className={styles.group}>
      <legend className={styles.legend}>{optionWords(name)}</legend>
      <Text size={200} className={styles.hint}>
        {schema.description}.
      </Text>
      <Problems problems={here} />
      {items.map((_, i) => (
        <fieldset key={pointerOf([...steps, i])} className={styles.group}>
          <legend className={styles.legend}>
            {optionWords(name)} {i + 1}
          </legend>
          <TopologyOptions {...props} schema={schema.items!} steps={[...steps, i]} isOutermost={false} />
          {actions.isReadOnly || items.length <= (schema.minItems ?? 0) ? null : (
            <div>
              <Button
                appearance="subtle"
                icon={<DeleteRegular />}
                onClick={() => actions.remove([...steps, i], `${optionWords(name)} ${i + 1}`)}
              >
                Remove {i + 1}
              </Button>
            </div>
          )}
        </fieldset>
      ))}
      {actions.isReadOnly || items.length >= (schema.maxItems ?? Number.POSITIVE_INFINITY) ? null : (
        <div>
          <Button icon={<AddRegular />} onClick={() => actions.add(steps, true)}>
            Add to {optionWords(name).toLowerCase()}
          </Button>
        </div>
      )}
    </fieldset>
  )
}

function Problems({ problems }: { problems: readonly Problem[] }) {
  const styles = useStyles()
  if (problems.length === 0) return null
  return (
    <Text className={problems.some(({ level }) => level === 'error') ? styles.problem : ''}>
      <ProblemWords problems={problems} />
    </Text>
  )
}
