import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components'
import {
  ChatMultipleRegular,
  PersonRegular,
  SearchRegular,
  SettingsRegular,
  TextBulletListSquareEditRegular,
  TextBulletListSquareSearchRegular,
} from '@fluentui/react-icons'
import type { ReactElement } from 'react'
import { adminSectionsOf } from '../app/admin-sections.ts'
import { useChat } from '../app/chat.ts'
import { type Route, routeHash } from '../app/route.ts'
import { PoolMenu } from './PoolMenu.tsx'

const useStyles = makeStyles({
  root: {
    display: 'flex',
    flexDirection: 'column',
    width: '72px',
    flexShrink: 0,
    paddingBlock: tokens.spacingVerticalS,
    gap: tokens.spacingVerticalXS,
    backgroundColor: tokens.colorNeutralBackground3,
    borderRight: `1px solid ${tokens.colorNeutralStroke2}`,
    '@media (max-width: 719px)': {
      flexDirection: 'row',
      width: '100%',
      order: 1,
      paddingBlock: 0,
      borderRight: 'none',
      borderTop: `1px solid ${tokens.colorNeutralStroke2}`,
      justifyContent: 'space-around',
    },
  },
  link: {
    display: 'flex',
    flexDirection: 'column',
    alignItems: 'center',
    gap: '2px',
    paddingBlock: tokens.spacingVerticalS,
    minWidth: '56px',
    textDecoration: 'none',
    fontSize: tokens.fontSizeBase100,
    lineHeight: tokens.lineHeightBase100,
    color: tokens.colorNeutralForeground2,
    ':hover': { color: tokens.colorNeutralForeground1 },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '-2px' },
    // Seven of them fit beside each other at 360 pixels.
    '@media (max-width: 719px)': { minWidth: '40px' },
  },
  icon: { fontSize: '24px', lineHeight: 1, display: 'flex' },
  current: {
    color: tokens.colorNeutralForeground1,
    fontWeight: tokens.fontWeightSemibold,
    boxShadow: `inset 3px 0 ${tokens.colorCompoundBrandStroke}`,
    '@media (max-width: 719px)': { boxShadow: `inset 0 3px ${tokens.colorCompoundBrandStroke}` },
  },
  end: { marginBlockStart: 'auto', '@media (max-width: 719px)': { marginBlockStart: 0 } },
})

type Place = { name: string; route: Route; icon: ReactElement; pages: Route['page'][]; isLast?: boolean }

export function Rail({ page, chatRoute }: { page: Route['page']; chatRoute: Route }) {
  const styles = useStyles()
  const { me } = useChat()
  const [adminPlace] = adminSectionsOf(me)
  const places: Place[] = [
    { name: 'Chat', route: chatRoute, icon: <ChatMultipleRegular />, pages: ['home', 'room'] },
    {
      name: 'Find rooms',
      route: { page: 'find' },
      icon: <TextBulletListSquareSearchRegular />,
      pages: ['find'],
    },
    {
      name: 'My rooms',
      route: { page: 'rooms', of: 'managed' },
      icon: <TextBulletListSquareEditRegular />,
      pages: ['rooms', 'create', 'manage'],
    },
    { name: 'Search', route: { page: 'search', query: '' }, icon: <SearchRegular />, pages: ['search'] },
    ...(adminPlace !== undefined
      ? [
          {
            name: 'Admin',
            route: { page: 'admin', section: adminPlace },
            icon: <SettingsRegular />,
            pages: ['admin'],
          } satisfies Place,
        ]
      : []),
    { name: 'Account', route: { page: 'account' }, icon: <PersonRegular />, pages: ['account'], isLast: true },
  ]
  return (
    <nav aria-label="Places" className={styles.root} data-pane="places">
      {places.map(place => {
        const isCurrent = place.pages.includes(page)
        return (
          <a
            key={place.name}
            href={routeHash(place.route)}
            aria-current={isCurrent ? 'page' : undefined}
            className={mergeClasses(styles.link, isCurrent && styles.current, place.isLast === true && styles.end)}
          >
            <span aria-hidden className={styles.icon}>
              {place.icon}
            </span>
            {place.name}
          </a>
        )
      })}
      <PoolMenu className={styles.link} iconClass={styles.icon} />
    </nav>
  )
}
