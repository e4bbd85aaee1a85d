import { makeStyles, tokens } from '@fluentui/react-components'
import type { ReactElement } from 'react'
import { adminSectionsOf } from '../app/admin-sections.ts'
import { useChat } from '../app/chat.ts'
import type { AdminSection } from '../app/route.ts'
import { useWindowTitle } from '../app/window-title.ts'
import { PageHeader } from '../parts/PageHeader.tsx'
import { SectionLinks } from '../parts/SectionLinks.tsx'
import { AdminAudit } from './AdminAudit.tsx'
import { AdminCategories } from './AdminCategories.tsx'
import { AdminCompliance } from './AdminCompliance.tsx'
import { AdminDirectory } from './AdminDirectory.tsx'
import { AdminGroups } from './AdminGroups.tsx'
import { AdminOptions } from './AdminOptions.tsx'
import { AdminPolicy } from './AdminPolicy.tsx'
import { AdminRoles } from './AdminRoles.tsx'
import { AdminSignIns } from './AdminSignIns.tsx'
import { AdminUsers } from './AdminUsers.tsx'

const useStyles = makeStyles({
  root: { flexGrow: 1, minWidth: 0, minHeight: 0, display: 'flex', flexDirection: 'column' },
  body: {
    overflow: 'auto',
    flexGrow: 1,
    minHeight: 0,
    padding: tokens.spacingHorizontalL,
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalL,
  },
})

const sections: Record<AdminSection, { name: string; page: ReactElement }> = {
  users: { name: 'Users', page: <AdminUsers /> },
  groups: { name: 'Groups', page: <AdminGroups /> },
  directory: { name: 'Directory', page: <AdminDirectory /> },
  categories: { name: 'Categories', page: <AdminCategories /> },
  policy: { name: 'Policy', page: <AdminPolicy /> },
  options: { name: 'Pool options', page: <AdminOptions /> },
  audit: { name: 'Audit', page: <AdminAudit /> },
  'sign-ins': { name: 'Sign-ins', page: <AdminSignIns /> },
  roles: { name: 'Roles', page: <AdminRoles /> },
  compliance: { name: 'Compliance', page: <AdminCompliance /> },
}

export function AdminPage({ section: wanted }: { section: AdminSection }) {
  const styles = useStyles()
  const { me } = useChat()
  const allowed = adminSectionsOf(me)
  const section = allowed.includes(wanted) ? wanted : (allowed[0] ?? wanted)
  useWindowTitle(`${sections[section].name}, administration`)
  return (
    <main className={styles.root} data-pane="admin">
      <PageHeader title="Administration" />
      <SectionLinks
        label="Administration"
        links={allowed.map(one => ({
          name: sections[one].name,
          route: { page: 'admin', section: one },
          isCurrent: one === section,
        }))}
      />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section className={styles.body} tabIndex={0} aria-label={sections[section].name}>
        {sections[section].page}
      </section>
    </main>
  )
}
