import { Button, type ButtonProps } from '@fluentui/react-components'
import type { ReactElement, ReactNode } from 'react'
import { type ManageRoute, useManagePlace } from '../app/manage-place.ts'

export type ManageLinkProps = Pick<ButtonProps, 'appearance' | 'size' | 'className'> & {
  to: ManageRoute
  label?: string
  icon?: ReactElement
  children?: ReactNode
}

/** Leads to a page of room management: the one here, or the custom one, which opens beside this window. */
export function ManageLink({ to, label, icon, children, ...more }: ManageLinkProps) {
  const { href, isElsewhere } = useManagePlace(to)
  return (
    <Button
      {...more}
      as="a"
      href={href}
      {...(icon === undefined ? {} : { icon })}
      {...(isElsewhere ? { target: '_blank', rel: 'noopener noreferrer' } : {})}
      {...(label === undefined ? {} : { 'aria-label': label, title: label })}
    >
      {children}
    </Button>
  )
}
