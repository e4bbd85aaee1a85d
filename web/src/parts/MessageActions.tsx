import { Button, makeStyles, tokens } from '@fluentui/react-components'
import { CheckmarkRegular, DeleteRegular, LinkRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { PostedMessage } from '../../../src/protocol/message.ts'
import { useChat } from '../app/chat.ts'
import { permalink } from '../app/route.ts'
import { exactTime, pointedTime } from '../app/time.ts'
import { ConfirmDialog } from './ConfirmDialog.tsx'

const useStyles = makeStyles({
  root: {
    position: 'absolute',
    insetBlockStart: '-14px',
    insetInlineEnd: tokens.spacingHorizontalM,
    zIndex: 1,
    display: 'flex',
    alignItems: 'center',
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusMedium,
    boxShadow: tokens.shadow4,
  },
  time: {
    fontSize: tokens.fontSizeBase100,
    paddingInline: tokens.spacingHorizontalS,
    color: tokens.colorNeutralForeground2,
    fontVariantNumeric: 'tabular-nums',
    '@media (max-width: 719px)': { display: 'none' },
  },
})

type MessageActionsProps = { room: string; message: PostedMessage; mayRemove: boolean }

export function MessageActions({ room, message, mayRemove }: MessageActionsProps) {
  const styles = useStyles()
  const { client } = useChat()
  const [isCopied, setCopied] = useState(false)
  const [isRemoving, setRemoving] = useState(false)
  async function copy(): Promise<void> {
    await navigator.clipboard.writeText(permalink(room, message.seq))
    setCopied(true)
  }
  return (
    <div className={styles.root}>
      <span className={styles.time} title={exactTime(message.at)}>
        {pointedTime(message.at)}
      </span>
      <Button
        size="small"
        appearance="subtle"
        icon={isCopied ? <CheckmarkRegular /> : <LinkRegular />}
        aria-label={isCopied ? 'Link copied' : 'Copy link to this message'}
        title={isCopied ? 'Link copied' : 'Copy link to this message'}
        onClick={() => void copy()}
      />
      {mayRemove ? (
        <Button
          size="small"
          appearance="subtle"
          icon={<DeleteRegular />}
          aria-label="Remove this message"
          title="Remove this message"
          onClick={() => setRemoving(true)}
        />
      ) : null}
      <ConfirmDialog
        title="Remove this message?"
        action="Remove it"
        isOpen={isRemoving}
        onClose={() => setRemoving(false)}
        onConfirm={() => client.request('message.remove', { room, seq: message.seq })}
      >
        Everyone will see "Message removed by an administrator" in its place. The removal is recorded and cannot be
        undone.
      </ConfirmDialog>
    </div>
  )
}
