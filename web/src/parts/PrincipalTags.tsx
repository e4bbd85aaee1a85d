import { makeStyles, Tag, TagGroup } from '@fluentui/react-components'
import type { Principal } from '../../../src/protocol/principal.ts'
import { kindWords } from '../app/principal-words.ts'

const useStyles = makeStyles({
  root: { display: 'flex', flexWrap: 'wrap', gap: '4px', maxHeight: '240px', overflowY: 'auto' },
})

type PrincipalTagsProps = {
  label: string
  principals: readonly Principal[]
  onRemove: (principal: Principal) => void
}

export function PrincipalTags({ label, principals, onRemove }: PrincipalTagsProps) {
  const styles = useStyles()
  if (principals.length === 0) return null
  return (
    <TagGroup
      aria-label={label}
      className={styles.root}
      onDismiss={(_, { value }) => {
        const principal = principals.find(one => one.id === value)
        if (principal !== undefined) onRemove(principal)
      }}
    >
      {principals.map(one => (
        <Tag
          key={one.id}
          value={one.id}
          dismissible
          dismissIcon={{ 'aria-label': 'Remove' }}
          secondaryText={one.kind === 'user' ? one.name : `${kindWords[one.kind]}, ${one.name}`}
        >
          {one.displayName}
        </Tag>
      ))}
    </TagGroup>
  )
}
