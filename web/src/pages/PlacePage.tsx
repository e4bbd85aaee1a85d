import { Spinner } from '@fluentui/react-components'
import { lazy, Suspense } from 'react'
import { adminSectionsOf } from '../app/admin-sections.ts'
import { useChat } from '../app/chat.ts'
import type { Route } from '../app/route.ts'
import { AccountPage } from './AccountPage.tsx'
import { CreateRoomPage } from './CreateRoomPage.tsx'
import { DirectoryPage } from './DirectoryPage.tsx'
import { HomePage } from './HomePage.tsx'
import { RoomPage } from './RoomPage.tsx'
import { SearchPage } from './SearchPage.tsx'

// Few people administer: they alone load these pages.
const AdminPage = lazy(async () => ({ default: (await import('./AdminPage.tsx')).AdminPage }))

export function PlacePage({ route }: { route: Route }) {
  const { me } = useChat()
  switch (route.page) {
    case 'home':
      return <HomePage />
    case 'room':
      return <RoomPage key={route.room} route={route} />
    case 'find':
      return <DirectoryPage />
    case 'create':
      return <CreateRoomPage />
    case 'search':
      return <SearchPage key={route.query} query={route.query} />
    case 'account':
      return <AccountPage />
    case 'admin':
      return adminSectionsOf(me).length > 0 ? (
        <Suspense fallback={<Spinner label="Loading" delay={400} />}>
          <AdminPage section={route.section} />
        </Suspense>
      ) : (
        <HomePage />
      )
  }
}
