import { expect, test } from 'vitest'
import type { Me, Principal } from '../../../src/protocol/principal.ts'
import type { RoomVersion } from './room-conflict.ts'
import { noListEdits, type RoomEdit } from './room-edit.ts'
import { saveWarning } from './save-warning.ts'

const ann: Principal = { id: 'ann', kind: 'user', name: 'ann@example.com', displayName: 'Ann' }
const ben: Principal = { ...ann, id: 'ben' }

function warned(managers: number, { add = [] as Principal[], remove = [] as Principal[] }, roles: Me['roles'] = []) {
  const base = { card: { counts: { members: 0, managers, presenters: 0 } } } as unknown as RoomVersion
  const edit = { lists: { ...noListEdits, managers: { add, remove } } } as unknown as RoomEdit
  return saveWarning({ ...ann, roles } as Me, base, edit)
}

test('[RP35] a save that would shut out who saves, or leave nobody to manage, says so; any other does not', () => {
  expect(warned(2, { remove: [ann] })).toMatch(/^You take yourself off the managers/)
  expect(warned(2, { remove: [ann] }, ['administrator'])).toBe(undefined)
  expect(warned(1, { remove: [ann] }, ['administrator'])).toMatch(/^No manager is left/)
  expect(warned(1, { remove: [ben] })).toMatch(/^No manager is left/)
  expect(warned(1, { remove: [ben], add: [ann] })).toBe(undefined)
  expect(warned(0, {})).toBe(undefined)
})
