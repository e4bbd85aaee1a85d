import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import { type Route, routeHash } from '../app/route.ts'

const useStyles = makeStyles({
  root: {
    display: 'flex',
    overflowX: 'auto',
    flexShrink: 0,
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
    paddingInline: tokens.spacingHorizontalS,
  },
  link: {
    padding: tokens.spacingVerticalM,
    color: tokens.colorNeutralForeground2,
    textDecoration: 'none',
    whiteSpace: 'nowrap',
    ':hover': { color: tokens.colorNeutralForeground1 },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '-2px' },
  },
  current: {
    color: tokens.colorNeutralForeground1,
    fontWeight: tokens.fontWeightSemibold,
    boxShadow: `inset 0 -3px ${tokens.colorCompoundBrandStroke}`,
  },
})

type SectionLinksProps = {
  label: string
  links: readonly { name: string; route: Route; isCurrent: boolean }[]
}

/** The sections of a page. Each has an address, so they are links and no tabs. */
export function SectionLinks({ label, links }: SectionLinksProps) {
  const styles = useStyles()
  return (
    <nav aria-label={label} className={styles.root}>
      {links.map(({ name, route, isCurrent }) => (
        <a
          key={name}
          href={routeHash(route)}
          aria-current={isCurrent ? 'page' : undefined}
          className={mergeClasses(styles.link, isCurrent && styles.current)}
        >
          {name}
        </a>
      ))}
    </nav>
  )
}
