import { Button, makeStyles, Text, tokens, typographyStyles } from '@fluentui/react-components'
import { ArrowUpRegular, DeleteRegular } from '@fluentui/react-icons'
import { byPath, type Problem } from '../app/topology-check.ts'
import { type Part, partAround, partAt } from '../app/topology-parts.ts'
import {
  type OptionSchema,
  optionWords,
  pointerOf,
  type Steps,
  schemaAt,
  stepsOf,
  valueAt,
} from '../app/topology-schema.ts'
import { ProblemWords } from './TopologyHints.tsx'
import { type FormActions, TopologyOptions } from './TopologyOptions.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM, minWidth: 0 },
  head: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: tokens.spacingHorizontalS },
  title: { ...typographyStyles.subtitle2, flexGrow: 1, minWidth: 0, overflowWrap: 'anywhere', outlineStyle: 'none' },
  problem: { color: tokens.colorStatusDangerForeground1 },
  advice: { color: tokens.colorStatusWarningForeground1 },
})

type TopologyFormProps = {
  schema: OptionSchema
  value: unknown
  pointer: string
  parts: readonly Part[]
  problems: readonly Problem[]
  actions: FormActions
  onSelect: (pointer: string) => void
  onRemove: (part: Steps, name: string) => void
}

/** The form of one part: every option that the schema has for it. */
export function TopologyForm({
  schema,
  value,
  pointer,
  parts,
  problems,
  actions,
  onSelect,
  onRemove,
}: TopologyFormProps) {
  const styles = useStyles()
  const steps = stepsOf(pointer)
  const own = schemaAt(schema, steps)
  const part = partAt(parts, pointer)
  const above = partAround(parts, pointer.slice(0, pointer.lastIndexOf('/')))
  if (own?.properties === undefined || valueAt(value, steps) === undefined) return null
  const kind = part?.kind ?? optionWords(String(steps.at(-1)))
  const here = byPath(problems).get(pointer) ?? []
  const isError = here.some(({ level }) => level === 'error')
  return (
    <section className={styles.root} aria-label={`${kind} ${part?.name ?? ''}`.trim()} data-form={pointer}>
      <div className={styles.head}>
        <h3 tabIndex={-1} className={styles.title}>
          {kind} {part?.name}
        </h3>
        {above === undefined ? null : (
          <Button size="small" appearance="subtle" icon={<ArrowUpRegular />} onClick={() => onSelect(above.pointer)}>
            {above.name}
          </Button>
        )}
        {actions.isReadOnly || part === undefined ? null : (
          <Button
            size="small"
            icon={<DeleteRegular />}
            onClick={() => onRemove(steps, `${part.kind} ${part.name}`.trim())}
          >
            Remove
          </Button>
        )}
      </div>
      <Text>{own.description}.</Text>
      {here.length === 0 ? null : (
        <Text className={isError ? styles.problem : styles.advice} role="status">
          <ProblemWords problems={here} />
        </Text>
      )}
      <TopologyOptions
        schema={own}
        steps={steps}
        value={value}
        problems={problems}
        actions={actions}
        onSelect={onSelect}
        isOutermost
      />
      <Text size={200}>Place in the document: {pointerOf(steps)}</Text>
    </section>
  )
}
