import {
  Button,
  Field,
  MessageBar,
  MessageBarBody,
  makeStyles,
  Radio,
  RadioGroup,
  Text,
  Textarea,
  tokens,
} from '@fluentui/react-components'
import { useState } from 'react'
import { replacementText } from '../../../src/protocol/message.ts'
import type { Result } from '../../../src/protocol/request.ts'
import { useChat } from '../app/chat.ts'
import { counted } from '../app/count-words.ts'
import { type Removal, removalInput } from '../app/removal.ts'
import type { PickedRoom } from '../app/room-admin.ts'
import { ConfirmDialog } from '../parts/ConfirmDialog.tsx'
import { FormColumn } from '../parts/FormColumn.tsx'
import { RemovalFields } from '../parts/RemovalFields.tsx'
import { RemovalSample } from '../parts/RemovalSample.tsx'
import { RoomPicker } from '../parts/RoomPicker.tsx'

const useStyles = makeStyles({
  form: { maxWidth: '720px' },
  note: { color: tokens.colorNeutralForeground2, margin: 0, maxWidth: '90ch' },
  result: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
})

const nothing: Omit<Removal, 'room'> = { authors: [], from: '', until: '', text: '', match: 'all', matchCase: false }

function stayWords(denied = 0): string {
  return denied === 0 ? '' : ` ${counted(denied, 'message')} more stay: a compliance officer has denied their deletion.`
}

/** Which messages were looked at, so that no others are removed. */
type Seen = { key: string; found: Result<'message.remove'> }

/** Removes or replaces messages of a room, after showing which those are. */
export function AdminMessages() {
  const styles = useStyles()
  const { client } = useChat()
  const [room, setRoom] = useState<PickedRoom>()
  const [wanted, setWanted] = useState(nothing)
  const [replaces, setReplaces] = useState(false)
  const [words, setWords] = useState(replacementText)
  const [seen, setSeen] = useState<Seen>()
  const [isAsking, setAsking] = useState(false)
  const [done, setDone] = useState<string>()
  const input = removalInput({ ...wanted, room: room?.id ?? '' })
  const key = JSON.stringify(input)
  const found = seen !== undefined && seen.key === key ? seen.found : undefined
  const verb = replaces ? 'Replace' : 'Remove'

  async function look(): Promise<void> {
    if (input === undefined) return
    setDone(undefined)
    setSeen({ key, found: await client.request('message.remove', { ...input, dryRun: true }) })
  }

  async function remove(): Promise<void> {
    if (input === undefined) return
    const { removed, denied = 0 } = await client.request('message.remove', {
      ...input,
      ...(replaces ? { replaceWith: words.trim() } : {}),
    })
    setSeen(undefined)
    setDone(`${counted(removed, 'message')} ${replaces ? 'replaced' : 'removed'} in ${room?.name}.${stayWords(denied)}`)
  }

  return (
    <>
      <p className={styles.note}>
        Messages are removed or replaced for every reader, in one room at a time. First you see how many it would be;
        what you ask here is recorded.
      </p>
      <div className={styles.form}>
        <FormColumn label="Which messages" onSubmit={look}>
          {isBusy => (
            <>
              <RoomPicker label="Room" picked={room} onPick={setRoom} />
              <RemovalFields
                removal={{ ...wanted, room: '' }}
                onChange={patch => setWanted(now => ({ ...now, ...patch }))}
              />
              <div>
                <Button type="submit" appearance="primary" disabled={isBusy || input === undefined}>
                  Show what would be hit
                </Button>
              </div>
            </>
          )}
        </FormColumn>
      </div>
      {done === undefined ? null : (
        <MessageBar intent="success" role="status">
          <MessageBarBody>{done}</MessageBarBody>
        </MessageBar>
      )}
      {found === undefined || done !== undefined ? null : (
        <section className={styles.result} aria-label="What would be hit">
          <Text role="status" weight="semibold">
            {found.removed === 0
              ? 'No message is like this. Nothing would be hit.'
              : `${counted(found.removed, 'message')} would be hit.`}
            {stayWords(found.denied)}
          </Text>
          {found.removed === 0 ? null : (
            <>
              <RemovalSample sample={found.sample ?? []} total={found.removed} />
              <div className={styles.form}>
                <RadioGroup
                  aria-label="What to do with them"
                  value={replaces ? 'replace' : 'remove'}
                  onChange={(_, { value }) => setReplaces(value === 'replace')}
                >
                  <Radio value="remove" label="Remove them: readers see that a message was removed" />
                  <Radio value="replace" label="Replace their text" />
                </RadioGroup>
                {replaces ? (
                  <Field label="Text in their place" required>
                    <Textarea value={words} onChange={(_, { value }) => setWords(value)} />
                  </Field>
                ) : null}
              </div>
              <div>
                <Button
                  appearance="primary"
                  disabled={replaces && words.trim() === ''}
                  onClick={() => setAsking(true)}
                >{`${verb} ${counted(found.removed, 'message')}`}</Button>
              </div>
            </>
          )}
        </section>
      )}
      <ConfirmDialog
        title={`${verb} ${counted(found?.removed ?? 0, 'message')} in ${room?.name ?? ''}?`}
        action={`${verb} them`}
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={remove}
      >
        Their words are gone for every reader, and so are their files. This cannot be undone. It is recorded who did it.
        What is posted meanwhile and is like this goes with them.
      </ConfirmDialog>
    </>
  )
}
