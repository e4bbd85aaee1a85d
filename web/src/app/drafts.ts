import { keep, readKept } from './kept.ts'

/** What someone has typed and not sent, one a room, in this browser. */
export type Draft = { text: string; title: string; isStory: boolean; isMarkdown: boolean; isAlert: boolean }

export const emptyDraft: Draft = { text: '', title: '', isStory: false, isMarkdown: false, isAlert: false }

function draftKey(user: string, room: string): string {
  return `pchat.draft.${user}.${room}`
}

function isDraft(value: unknown): value is Draft {
  if (typeof value !== 'object' || value === null) return false
  const draft = value as Partial<Draft>
  return typeof draft.text === 'string' && typeof draft.title === 'string'
}

export function readDraft(user: string, room: string): Draft {
  return { ...emptyDraft, ...readKept(draftKey(user, room), emptyDraft, isDraft) }
}

export function keepDraft(user: string, room: string, draft: Draft): void {
  const isEmpty = draft.text === '' && draft.title === ''
  keep(draftKey(user, room), isEmpty ? undefined : draft)
}
