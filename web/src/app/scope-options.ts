import type { Configuration } from '../../../src/protocol/configuration-verbs.ts'

export const scopedOptions = ['defaultChatHistory', 'maxFileKb', 'participantUpdateLimit', 'roomManagementUrl'] as const
type ScopedOption = (typeof scopedOptions)[number]

export const scopedWords: Record<ScopedOption, { label: string; hint: string }> = {
  defaultChatHistory: { label: 'Messages shown when a room is joined', hint: '1 to 500' },
  maxFileKb: { label: 'Largest file, in KB', hint: 'KB of 1,024 bytes' },
  participantUpdateLimit: { label: 'Participants up to which joins and leaves are told', hint: '2 to 100,000' },
  roomManagementUrl: { label: 'Address of room management pages', hint: 'Empty: the pages here.' },
}

export function scopeTitle(scope: string): string {
  if (scope === 'global') return 'Global'
  const [kind, ...name] = scope.split(':')
  return `${kind === 'site' ? 'Site' : 'Pool'} ${name.join(':')}`
}

export function optionWord(configuration: Configuration, option: ScopedOption): string {
  const value = configuration[option]
  if (value === '') return 'the pages here'
  return typeof value === 'number' ? value.toLocaleString() : value
}

/** `null`: what a scope has not of its own is that of the global scope. */
type ScopeDraft = Record<ScopedOption, string | null>

export function draftOfScope(configuration: Configuration | undefined): ScopeDraft {
  const of = (option: ScopedOption) => (configuration?.own.includes(option) ? String(configuration[option]) : null)
  return {
    defaultChatHistory: of('defaultChatHistory'),
    maxFileKb: of('maxFileKb'),
    participantUpdateLimit: of('participantUpdateLimit'),
    roomManagementUrl: of('roomManagementUrl'),
  }
}

/** What configuration.set takes. */
export function scopeChanges(draft: ScopeDraft) {
  const number = (text: string | null) => (text === null ? null : Number(text))
  return {
    defaultChatHistory: number(draft.defaultChatHistory),
    maxFileKb: number(draft.maxFileKb),
    participantUpdateLimit: number(draft.participantUpdateLimit),
    roomManagementUrl: draft.roomManagementUrl === null ? null : draft.roomManagementUrl.trim(),
  }
}
