import { createHash, randomBytes } from 'node:crypto'
import type { Connection, Queryable } from '../store/db.ts'
import { replaceRecoveryCodes, useRecoveryCode } from '../store/recovery-code.ts'

const count = 10
/** Without letters that are taken for digits. 16 of them are 80 bits. */
const letters = '0123456789abcdefghjkmnpqrstvwxyz'
const length = 16

function makeCode(): string {
  // 32 letters: the low five bits of a byte are one, each as likely as the others.
  const text = Array.from(randomBytes(length), byte => letters[byte % 32]).join('')
  return text.replace(/(.{4})(?=.)/g, '$1-')
}

function hashOf(principal: string, code: string): Buffer {
  const typed = code.toLowerCase().replace(/[^a-z0-9]/g, '')
  // As they are read aloud and typed.
  const clean = typed.replaceAll('o', '0').replace(/[il]/g, '1')
  return createHash('sha256').update(`${principal} ${clean}`).digest()
}

/** New codes for somebody, told this once; those before count no more. */
export async function issueRecoveryCodes(tx: Connection, principal: string): Promise<string[]> {
  const codes = Array.from({ length: count }, makeCode)
  await replaceRecoveryCodes(
    tx,
    principal,
    codes.map(code => hashOf(principal, code)),
  )
  return codes
}

/** Whether this is one of the person's codes; it is used up now. */
export function spendRecoveryCode(q: Queryable, principal: string, code: string): Promise<boolean> {
  return useRecoveryCode(q, principal, hashOf(principal, code))
}
