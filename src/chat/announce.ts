import type { Chat } from './chat.ts'

/** What a change of people or settings leaves to be told; versions and ids as the store answered them. */
export type News = { directory?: number | undefined; settings?: number | undefined; ended?: string[] | undefined }

/** Tells every server of the pool, after the commit. What gets lost is found by the versions. */
export function announce(chat: Pick<Chat, 'bus'>, news: News): void {
  const { directory, settings, ended } = news
  if (settings !== undefined) chat.bus.publish('pool', { head: { kind: 'settings', version: settings } })
  if (directory !== undefined) chat.bus.publish('pool', { head: { kind: 'directory', version: directory } })
  if (ended !== undefined && ended.length > 0) chat.bus.publish('pool', { head: { kind: 'ended', sessions: ended } })
}
