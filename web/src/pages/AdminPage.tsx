import { makeStyles, Subtitle1, tokens } from '@fluentui/react-components'
import type { ReactElement } from 'react'
import { adminPlaces, adminSectionsOf } from '../app/admin-sections.ts'
import { useChat } from '../app/chat.ts'
import type { AdminSection } from '../app/route.ts'
import { useKnowsUsage } from '../app/usage.ts'
import { useWindowTitle } from '../app/window-title.ts'
import { AdminNav } from '../parts/AdminNav.tsx'
import { PageHeader } from '../parts/PageHeader.tsx'
import { AdminAddins } from './AdminAddins.tsx'
import { AdminAudit } from './AdminAudit.tsx'
import { AdminBots } from './AdminBots.tsx'
import { AdminCategories } from './AdminCategories.tsx'
import { AdminCompliance } from './AdminCompliance.tsx'
import { AdminDirectory } from './AdminDirectory.tsx'
import { AdminGroups } from './AdminGroups.tsx'
import { AdminMessages } from './AdminMessages.tsx'
import { AdminOptions } from './AdminOptions.tsx'
import { AdminPolicy } from './AdminPolicy.tsx'
import { AdminPool } from './AdminPool.tsx'
import { AdminRoles } from './AdminRoles.tsx'
import { AdminRooms } from './AdminRooms.tsx'
import { AdminSessions } from './AdminSessions.tsx'
import { AdminSignIns } from './AdminSignIns.tsx'
import { AdminTopology } from './AdminTopology.tsx'
import { AdminUsage } from './AdminUsage.tsx'
import { AdminUsers } from './AdminUsers.tsx'

const useStyles = makeStyles({
  root: { flexGrow: 1, minWidth: 0, minHeight: 0, display: 'flex', flexDirection: 'column' },
  below: { flexGrow: 1, minHeight: 0, display: 'flex', '@media (max-width: 719px)': { flexDirection: 'column' } },
  body: {
    overflow: 'auto',
    flexGrow: 1,
    minWidth: 0,
    minHeight: 0,
    padding: tokens.spacingHorizontalL,
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalL,
  },
})

const pages: Record<AdminSection, (query: string) => ReactElement> = {
  users: () => <AdminUsers />,
  groups: () => <AdminGroups />,
  directory: () => <AdminDirectory />,
  bots: () => <AdminBots />,
  sessions: () => <AdminSessions />,
  roles: () => <AdminRoles />,
  categories: () => <AdminCategories />,
  rooms: query => <AdminRooms query={query} />,
  messages: () => <AdminMessages />,
  addins: () => <AdminAddins />,
  policy: () => <AdminPolicy />,
  options: () => <AdminOptions />,
  usage: query => <AdminUsage query={query} />,
  audit: () => <AdminAudit />,
  'sign-ins': () => <AdminSignIns />,
  pool: () => <AdminPool />,
  topology: query => <AdminTopology view={query} />,
  compliance: () => <AdminCompliance />,
}

type AdminPageProps = { section: AdminSection; query?: string | undefined }

export function AdminPage({ section: wanted, query = '' }: AdminPageProps) {
  const styles = useStyles()
  const { me } = useChat()
  const knowsUsage = useKnowsUsage()
  const allowed = adminSectionsOf(me).filter(one => one !== 'usage' || knowsUsage)
  const section = allowed.includes(wanted) ? wanted : (allowed[0] ?? wanted)
  const { name } = adminPlaces[section]
  useWindowTitle(`${name}, administration`)
  return (
    <main className={styles.root} data-pane="admin">
      <PageHeader title="Administration" />
      <div className={styles.below}>
        <AdminNav sections={allowed} current={section} />
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
        <section className={styles.body} tabIndex={0} aria-label={name}>
          <Subtitle1 as="h2">{name}</Subtitle1>
          {pages[section](query)}
        </section>
      </div>
    </main>
  )
}
