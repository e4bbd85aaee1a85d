import { Button, Field, Input, makeStyles, tokens } from '@fluentui/react-components'
import { SearchRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { Principal } from '../../../src/protocol/principal.ts'
import { type AuditFilter, auditFilter, noAuditWords } from '../app/audit-filter.ts'
import { PickedPrincipal } from './PickedPrincipal.tsx'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalS },
  row: {
    display: 'flex',
    flexWrap: 'wrap',
    gap: tokens.spacingHorizontalM,
    alignItems: 'flex-end',
    '& > *': { flexGrow: 1, minWidth: '160px' },
  },
  bar: { display: 'flex', gap: tokens.spacingHorizontalS },
})

/** Asks of the audit record. */
export function AuditSearch({ onSearch }: { onSearch: (filter: AuditFilter) => void }) {
  const styles = useStyles()
  const [typed, setTyped] = useState(noAuditWords)
  const [actor, setActor] = useState<Principal>()
  const change = (patch: Partial<typeof noAuditWords>) => setTyped(now => ({ ...now, ...patch }))

  return (
    // biome-ignore lint/a11y/useSemanticElements: <search> is not known to every screen reader yet
    <form
      role="search"
      aria-label="Search the audit record"
      className={styles.root}
      onSubmit={event => {
        event.preventDefault()
        onSearch(auditFilter(typed, actor))
      }}
    >
      <div className={styles.row}>
        <Field label="Words of the detail">
          <Input
            type="search"
            value={typed.text}
            contentBefore={<SearchRegular aria-hidden />}
            onChange={(_, { value }) => change({ text: value })}
          />
        </Field>
        <Field label="What" hint="such as room.update; room. finds all of rooms">
          <Input value={typed.action} onChange={(_, { value }) => change({ action: value })} />
        </Field>
        <Field label="Of" hint="name or id of a person, room or category">
          <Input value={typed.subject} onChange={(_, { value }) => change({ subject: value })} />
        </Field>
      </div>
      <div className={styles.row}>
        <Field label="From day">
          <Input type="date" value={typed.from} onChange={(_, { value }) => change({ from: value })} />
        </Field>
        <Field label="Until day">
          <Input type="date" value={typed.until} onChange={(_, { value }) => change({ until: value })} />
        </Field>
        <PickedPrincipal label="By" kind="user" picked={actor} onPick={setActor} />
      </div>
      <div className={styles.bar}>
        <Button type="submit" appearance="primary">
          Search
        </Button>
        <Button
          onClick={() => {
            setTyped(noAuditWords)
            setActor(undefined)
            onSearch({})
          }}
        >
          Show all
        </Button>
      </div>
    </form>
  )
}
