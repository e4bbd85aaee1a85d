import { Button, makeStyles, Tag, TagGroup, Text, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { Principal } from '../../../src/protocol/principal.ts'
import { useChat } from '../app/chat.ts'
import { forget, useVerb } from '../app/query.ts'
import type { RoomDraft } from '../app/room-draft.ts'
import { go } from '../app/route.ts'
import { useWindowTitle } from '../app/window-title.ts'
import { EmptyState } from '../parts/EmptyState.tsx'
import { FormColumn } from '../parts/FormColumn.tsx'
import { PageHeader } from '../parts/PageHeader.tsx'
import { PrincipalPicker } from '../parts/PrincipalPicker.tsx'
import { RoomFields } from '../parts/RoomFields.tsx'

const useStyles = makeStyles({
  root: { flexGrow: 1, minWidth: 0, overflowY: 'auto' },
  body: { maxWidth: '640px', padding: tokens.spacingHorizontalL },
  tags: { display: 'flex', flexWrap: 'wrap' },
})

const emptyDraft: RoomDraft = {
  category: '',
  name: '',
  description: '',
  type: 'normal',
  privacy: 'closed',
  invitations: 'inherit',
}

export function CreateRoomPage() {
  const styles = useStyles()
  const { client } = useChat()
  const categories = useVerb('category.list', {})
  const choices = (categories.data?.categories ?? []).filter(category => category.mayCreateRooms)
  const [draft, setDraft] = useState(emptyDraft)
  const [members, setMembers] = useState<readonly Principal[]>([])
  const only = choices.length === 1 ? choices[0]?.id : undefined
  const chosen = { ...draft, category: draft.category || only || '' }
  useWindowTitle('Create a room')

  async function create(): Promise<void> {
    const { room } = await client.request('room.create', {
      ...chosen,
      ...(members.length === 0 ? {} : { members: members.map(member => member.id) }),
    })
    forget('room.find')
    // Whoever makes a room wants to see what happens there; where the maker is no member, the room says so.
    await client.request('room.follow', { room: room.id }).catch(() => {})
    go({ page: 'room', room: room.id, pane: 'card' })
  }

  return (
    <main className={styles.root} data-pane="create">
      <PageHeader title="Create a room" />
      {categories.isSuccess && choices.length === 0 ? (
        <EmptyState title="You may not create rooms in any category. Ask an administrator to make you a creator." />
      ) : (
        <div className={styles.body}>
          <FormColumn label="Create a room" onSubmit={create}>
            {isBusy => (
              <>
                <RoomFields
                  draft={chosen}
                  categories={choices}
                  onChange={patch => setDraft(now => ({ ...now, ...patch }))}
                />
                {chosen.category === '' || chosen.privacy === 'open' ? null : (
                  <>
                    <PrincipalPicker
                      label="Members"
                      category={chosen.category}
                      onPick={person => setMembers(now => [...now.filter(one => one.id !== person.id), person])}
                    />
                    {members.length === 0 ? (
                      <Text size={200}>
                        You manage the room, which does not make you a member: add yourself if you want to read and
                        post.
                      </Text>
                    ) : (
                      <TagGroup
                        aria-label="Members to add"
                        className={styles.tags}
                        onDismiss={(_, { value }) => setMembers(now => now.filter(one => one.id !== value))}
                      >
                        {members.map(member => (
                          <Tag key={member.id} value={member.id} dismissible dismissIcon={{ 'aria-label': 'Remove' }}>
                            {member.displayName}
                          </Tag>
                        ))}
                      </TagGroup>
                    )}
                  </>
                )}
                <div>
                  <Button
                    type="submit"
                    appearance="primary"
                    disabled={isBusy || chosen.category === '' || chosen.name.trim() === ''}
                  >
                    Create the room
                  </Button>
                </div>
              </>
            )}
          </FormColumn>
        </div>
      )}
    </main>
  )
}
