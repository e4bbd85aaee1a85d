import type { Result } from '../../../src/protocol/request.ts'
import { ManageLink, type ManageLinkProps } from './ManageLink.tsx'

type CreateRoomLinkProps = Omit<ManageLinkProps, 'to'> & { categories: Result<'category.list'>['categories'] }

/** Leads to where rooms are made; for whom no category lets make one, it is not there. */
export function CreateRoomLink({ categories, ...more }: CreateRoomLinkProps) {
  if (!categories.some(one => one.mayCreateRooms)) return null
  return (
    <ManageLink {...more} to={{ page: 'create' }}>
      {more.label === undefined ? 'Create a room' : null}
    </ManageLink>
  )
}
