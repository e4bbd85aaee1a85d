import { Caption1, makeStyles, mergeClasses, Select, tokens } from '@fluentui/react-components'
import { adminGroups, adminPlaces } from '../app/admin-sections.ts'
import { useNarrow } from '../app/media.ts'
import { type AdminSection, go, routeHash } from '../app/route.ts'

const useStyles = makeStyles({
  root: {
    width: '184px',
    flexShrink: 0,
    overflowY: 'auto',
    paddingBlock: tokens.spacingVerticalS,
    borderRight: `1px solid ${tokens.colorNeutralStroke2}`,
    '@media print': { display: 'none' },
  },
  group: {
    display: 'block',
    paddingInline: tokens.spacingHorizontalL,
    paddingBlock: `${tokens.spacingVerticalM} ${tokens.spacingVerticalXS}`,
    color: tokens.colorNeutralForeground2,
  },
  list: { listStyleType: 'none', margin: 0, padding: 0 },
  link: {
    display: 'block',
    paddingInline: tokens.spacingHorizontalL,
    paddingBlock: tokens.spacingVerticalSNudge,
    color: tokens.colorNeutralForeground1,
    textDecoration: 'none',
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '-2px' },
  },
  current: {
    fontWeight: tokens.fontWeightSemibold,
    boxShadow: `inset 3px 0 ${tokens.colorCompoundBrandStroke}`,
    backgroundColor: tokens.colorNeutralBackground1Selected,
  },
  narrow: { padding: tokens.spacingHorizontalS, flexShrink: 0, '@media print': { display: 'none' } },
})

type AdminNavProps = { sections: readonly AdminSection[]; current: AdminSection }

/** The pages of the administration by group; a list to choose from where there is no room for them. */
export function AdminNav({ sections, current }: AdminNavProps) {
  const styles = useStyles()
  const isNarrow = useNarrow()
  const groups = adminGroups
    .map(group => ({ ...group, sections: group.sections.filter(one => sections.includes(one)) }))
    .filter(group => group.sections.length > 0)
  if (isNarrow)
    return (
      <nav aria-label="Administration" className={styles.narrow}>
        <Select
          aria-label="Page of the administration"
          value={current}
          onChange={(_, { value }) => {
            const section = sections.find(one => one === value)
            if (section !== undefined) go({ page: 'admin', section })
          }}
        >
          {groups.map(group => (
            <optgroup key={group.name} label={group.name}>
              {group.sections.map(one => (
                <option key={one} value={one}>
                  {adminPlaces[one].name}
                </option>
              ))}
            </optgroup>
          ))}
        </Select>
      </nav>
    )
  return (
    <nav aria-label="Administration" className={styles.root}>
      {groups.map(group => (
        <div key={group.name}>
          <Caption1 className={styles.group} id={`admin-${group.name.replaceAll(' ', '-')}`}>
            {group.name}
          </Caption1>
          <ul className={styles.list} aria-labelledby={`admin-${group.name.replaceAll(' ', '-')}`}>
            {group.sections.map(one => (
              <li key={one}>
                <a
                  href={routeHash({ page: 'admin', section: one })}
                  aria-current={one === current ? 'page' : undefined}
                  className={mergeClasses(styles.link, one === current && styles.current)}
                >
                  {adminPlaces[one].name}
                </a>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  )
}
