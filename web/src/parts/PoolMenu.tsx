import {
  Menu,
  MenuItem,
  MenuItemLink,
  MenuList,
  MenuPopover,
  MenuTrigger,
  makeStyles,
  mergeClasses,
  tokens,
} from '@fluentui/react-components'
import { CheckmarkRegular, ServerMultipleRegular } from '@fluentui/react-icons'
import { useChat } from '../app/chat.ts'
import { poolHref, usePools } from '../app/hand-over.ts'

const useStyles = makeStyles({
  root: {
    border: 'none',
    backgroundColor: 'transparent',
    cursor: 'pointer',
    fontFamily: 'inherit',
    paddingInline: '2px',
  },
  name: {
    maxWidth: '68px',
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
    '@media (max-width: 719px)': { maxWidth: '56px' },
  },
  mark: { fontSize: '16px', color: tokens.colorBrandForeground1 },
})

/** The pools by display name, the present one marked; each opens in a window of its own. Nothing where there is one. */
export function PoolMenu({ className, iconClass }: { className: string; iconClass: string }) {
  const styles = useStyles()
  const { me } = useChat()
  const pools = usePools()
  if (pools?.own === undefined) return null
  const { all, own } = pools
  return (
    <Menu hasIcons positioning={{ position: 'after', align: 'bottom' }}>
      <MenuTrigger disableButtonEnhancement>
        <button
          type="button"
          className={mergeClasses(className, styles.root)}
          title={own.displayName}
          aria-label={`Pools: this is ${own.displayName}`}
        >
          <span aria-hidden className={iconClass}>
            <ServerMultipleRegular />
          </span>
          <span aria-hidden className={styles.name}>
            {own.displayName}
          </span>
        </button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList aria-label="Pools">
          {all.map(pool =>
            pool.own ? (
              <MenuItem
                key={pool.name}
                aria-current="true"
                icon={<CheckmarkRegular className={styles.mark} />}
                secondaryContent="You are here"
              >
                {pool.displayName}
              </MenuItem>
            ) : (
              <MenuItemLink
                key={pool.name}
                href={poolHref(pool, own, me)}
                target="_blank"
                rel="noopener noreferrer"
                secondaryContent="New tab"
              >
                {pool.displayName}
              </MenuItemLink>
            ),
          )}
        </MenuList>
      </MenuPopover>
    </Menu>
  )
}
