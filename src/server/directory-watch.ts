import type { Chat } from '../chat/chat.ts'
import { readDirectoryChange } from '../chat/hearing.ts'
import { loadSettings } from '../chat/settings.ts'
import type { Stamp } from '../domain/stamp.ts'

/** Which directory and settings this server knows of, and how it catches up with newer ones. */
export type DirectoryWatch = {
  /** Who was decided under an older directory is decided anew before he hears. */
  version(): number
  /** Where the directory or the settings of that stamp are not known here yet: that holds back what came under it. */
  isBehind(stamp: Pick<Stamp, 'directory' | 'settings'>): boolean
  catchUp(stamp: Pick<Stamp, 'directory' | 'settings'>): Promise<void>
  /** The store is another one. */
  beginAnew(version: number): void
}

export type DirectoryHub = {
  chat: Chat
  users(): string[]
  /** Decides anew for these users in the rooms that they hear, and closes those whose sign-in has ended. */
  recheck(users: Set<string>, version: number): Promise<void>
  /** That is done: some of them may read again. */
  followed(users: Set<string>): void
}

export function openDirectoryWatch(hub: DirectoryHub, begin: number): DirectoryWatch {
  const { chat } = hub
  let known = begin
  /** Everybody who hears was decided under this one. Behind `known` while that is done, or where it failed. */
  let followed = begin
  let catching: Promise<void> | undefined

  async function catchUpDirectory(version: number): Promise<void> {
    // It may have read before this version was there: then only a reading that begins from now on counts.
    await catching
    if (version <= followed) return
    catching ??= readDirectory().finally(() => {
      catching = undefined
    })
    await catching
  }

  async function readDirectory() {
    const { version, affected } = await readDirectoryChange(chat, followed, hub.users)
    // Raised first: whoever settles from now on under an older version is decided anew.
    known = Math.max(known, version)
    const users = new Set(affected)
    await hub.recheck(users, version)
    followed = Math.max(followed, version)
    hub.followed(users)
  }

  return {
    version: () => known,
    isBehind: stamp => stamp.directory > followed || stamp.settings > chat.settingsVersion || catching !== undefined,
    async catchUp(stamp) {
      if (stamp.settings > chat.settingsVersion) await loadSettings(chat)
      await catchUpDirectory(stamp.directory)
    },
    beginAnew(version) {
      known = followed = version
    },
  }
}
