import { Refusal } from '../protocol/error.ts'
import { audit } from '../store/audit.ts'
import type { Caller, Chat } from './chat.ts'

export function nameTaken(): Refusal {
  return new Refusal('name_taken', 'A room or category has this name already. Choose another.')
}

/** The stated exception to "no leak": who picks a taken name is told so and no more. It is kept who asked. */
export async function auditTakenName(chat: Chat, caller: Caller, name: string): Promise<void> {
  await audit(chat.db, caller.user.id, 'name_taken', name, {})
}
