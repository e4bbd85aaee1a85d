import { Link } from '@fluentui/react-components'
import type { ReactNode } from 'react'
import { safeHref } from '../app/links.ts'
import { roomLink } from '../app/route.ts'

type ChatLinkProps = { href: string; children: ReactNode }

/** A link that someone wrote: rooms open here, the web opens elsewhere and learns nothing of this window. */
export function ChatLink({ href, children }: ChatLinkProps) {
  const room = roomLink(href)
  if (room !== undefined) {
    return (
      <Link inline href={room}>
        {children}
      </Link>
    )
  }
  const safe = safeHref(href)
  if (safe === undefined || safe.startsWith('ma-chan:')) return <>{children}</>
  return (
    <Link inline href={safe} target="_blank" rel="noopener noreferrer">
      {children}
    </Link>
  )
}
