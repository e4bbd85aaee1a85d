import { Menu, MenuButton, MenuItem, MenuList, MenuPopover, MenuTrigger, makeStyles } from '@fluentui/react-components'
import type { ListedRoom, RoomQuestion } from '../app/room-admin.ts'
import { ManageLink } from './ManageLink.tsx'

const useStyles = makeStyles({ root: { display: 'flex', gap: '4px' } })

type RoomActionsProps = { listed: ListedRoom; mayChange: boolean; onAsk: (kind: RoomQuestion['kind']) => void }

/** What an administrator does with one room of the list. */
export function RoomActions({ listed: { room }, mayChange, onAsk }: RoomActionsProps) {
  const styles = useStyles()
  if (!mayChange) return null
  return (
    <span className={styles.root}>
      <ManageLink size="small" to={{ page: 'manage', room: room.id }} label={`Manage ${room.name}`}>
        Manage
      </ManageLink>
      <Menu>
        <MenuTrigger disableButtonEnhancement>
          <MenuButton size="small" aria-label={`More for ${room.name}`}>
            More
          </MenuButton>
        </MenuTrigger>
        <MenuPopover>
          <MenuList>
            {room.disabled ? (
              <MenuItem onClick={() => onAsk('enable')}>Re-enable</MenuItem>
            ) : (
              <MenuItem onClick={() => onAsk('disable')}>Disable</MenuItem>
            )}
            <MenuItem onClick={() => onAsk('move')}>Move to a category</MenuItem>
            <MenuItem onClick={() => onAsk('clear')}>Clear to a date</MenuItem>
            <MenuItem onClick={() => onAsk('delete')}>Delete</MenuItem>
          </MenuList>
        </MenuPopover>
      </Menu>
    </span>
  )
}
