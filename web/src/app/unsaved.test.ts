import { expect, test } from 'vitest'
import type { FormState } from './room-form-state.ts'
import { createStore } from './store.ts'
import { createUnsavedKeeper } from './unsaved.ts'

const begun = createStore({} as FormState)

test('[RP34] what was begun and not saved is found by who began it, whose sign-in may have run out; by nobody after he signed out', () => {
  const keeper = createUnsavedKeeper()
  keeper.of('alice').set('room', begun)
  expect(keeper.of('alice').get('room')).toBe(begun)
  keeper.forget()
  expect(keeper.of('alice').size).toBe(0)
})

test('[RP34] another who signs in at this window finds nothing, and what the first one had is gone', () => {
  const keeper = createUnsavedKeeper()
  const left = keeper.of('alice')
  left.set('room', begun)
  expect(keeper.of('bob').size).toBe(0)
  // A page of the first one that is still at work writes where nobody reads.
  left.set('late', begun)
  expect(keeper.of('bob').size).toBe(0)
  expect(keeper.of('alice').size).toBe(0)
})
