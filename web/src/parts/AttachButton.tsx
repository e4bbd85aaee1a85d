import { Button, Tooltip } from '@fluentui/react-components'
import { AttachRegular } from '@fluentui/react-icons'
import { useRef } from 'react'

/** Chooses files of this machine, several at once. */
export function AttachButton({ onFiles }: { onFiles: (files: File[]) => void }) {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <Tooltip content="Attach files" relationship="label">
        <Button size="small" appearance="subtle" icon={<AttachRegular />} onClick={() => input.current?.click()} />
      </Tooltip>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label="Files to attach"
        onChange={event => {
          onFiles([...(event.currentTarget.files ?? [])])
          // The same file may be chosen once more.
          event.currentTarget.value = ''
        }}
      />
    </>
  )
}
