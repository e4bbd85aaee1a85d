import type { Room } from '../../../src/protocol/room.ts'
import type { Glossary } from '../app/conflict-words.ts'
import { useMovePreview } from '../app/move-preview.ts'
import { ConfirmDialog } from './ConfirmDialog.tsx'
import { MoveNote } from './MoveNote.tsx'

type MoveQuestionProps = {
  room: Room
  /** Where it is to be moved. */
  category: string
  categories: Glossary['categories']
  isOpen: boolean
  onClose: () => void
  onConfirm: () => Promise<unknown>
}

/** Asks before a save that moves the room, wherever it is saved from: whom the move takes off, and that it may shut people out. */
export function MoveQuestion({ room, category, categories, isOpen, onClose, onConfirm }: MoveQuestionProps) {
  const preview = useMovePreview(room, category)
  return (
    <ConfirmDialog
      title={`Move ${room.name} to ${categories.find(one => one.id === category)?.name ?? 'another category'}?`}
      action="Move it and save"
      isOpen={isOpen}
      canConfirm={preview.isSuccess}
      onClose={onClose}
      onConfirm={onConfirm}
    >
      <MoveNote room={room} category={category} isWhole />
      <p>Address and history stay as they are. Whoever is not in the scope of the new category loses the room.</p>
    </ConfirmDialog>
  )
}
