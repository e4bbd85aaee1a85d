import { openBucket, takeToken } from '../base/rate.ts'
import { mayCreateRoom, maySeeCategory } from '../domain/access.ts'
import { checkedName, nameKey } from '../domain/name.ts'
import { notFound, Refusal } from '../protocol/error.ts'
import type { Input, Result } from '../protocol/request.ts'
import { readCategoryAccess } from '../store/access.ts'
import { ownerOfName } from '../store/room.ts'
import { requirePerson, requireRoom } from './access.ts'
import type { Caller, Chat } from './chat.ts'
import { auditTakenName, nameTaken } from './name.ts'

/** Enough for who fills in a form; too few for who wants to learn by trying what rooms there are. */
const burst = 20
const perSecond = 0.5
const maxKept = 20_000

type Buckets = Map<string, ReturnType<typeof openBucket>>
const bucketsOf = new WeakMap<Chat, Buckets>()

/**
 * room.checkName: whether a name is free, asked before a form is sent. It tells what room.create and room.update tell who may
 * call them, and to nobody else. Refusals: name_taken, invalid_argument, forbidden, not_found, rate_limited.
 */
export async function checkRoomName(
  chat: Chat,
  caller: Caller,
  input: Input<'room.checkName'>,
): Promise<Result<'room.checkName'>> {
  const { category, room } = input
  const name = checkedName('name', input.name)
  if (room !== undefined && category === undefined) await requireRoom(chat, caller, room, 'manage')
  else if (category !== undefined && room === undefined) await requireCreator(chat, caller, category)
  else throw new Refusal('invalid_argument', 'Give category for a new room, or room for one that gets another name.')
  takeTry(chat, caller.user.id)
  const owner = await ownerOfName(chat.db, nameKey(name))
  if (owner === undefined || owner === room) return { name }
  await auditTakenName(chat, caller, name)
  throw nameTaken()
}

async function requireCreator(chat: Chat, caller: Caller, category: string): Promise<void> {
  await requirePerson(chat, caller)
  const access = (await readCategoryAccess(chat.db, caller.user.id, [category], chat.site)).get(category)
  if (!access || !maySeeCategory(access.person, access.scope)) throw notFound('category')
  if (!mayCreateRoom(access.person, access.scope))
    throw new Refusal(
      'forbidden',
      'You may not create rooms in this category. Ask an administrator to make you a creator.',
    )
}

/** Counts for the user and not for the sign-in: more sign-ins are no way round it. */
function takeTry(chat: Chat, user: string): void {
  const buckets: Buckets = bucketsOf.get(chat) ?? new Map()
  bucketsOf.set(chat, buckets)
  const now = performance.now()
  const bucket = buckets.get(user) ?? openBucket(burst, now)
  if (!buckets.has(user) && buckets.size >= maxKept) buckets.delete(buckets.keys().next().value!)
  buckets.set(user, bucket)
  const waitMs = takeToken(bucket, perSecond, burst, now)
  if (waitMs > 0)
    throw new Refusal('rate_limited', 'You have checked many names. Wait a moment, or save and see.', {
      retryAfterMs: waitMs,
    })
}
