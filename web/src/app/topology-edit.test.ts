import { beforeEach, expect, test } from 'vitest'
import { createTopologyEdit, forgetTopology, standing, type TopologyEdit } from './topology-edit.ts'

const stored = new Map<string, string>()
const key = 'pchat.topology.me'
let isFull = false
Object.defineProperty(globalThis, 'localStorage', {
  configurable: true,
  value: {
    getItem: (name: string) => stored.get(name) ?? null,
    setItem(name: string, value: string) {
      if (isFull) throw new Error('full')
      stored.set(name, value)
    },
    removeItem: (name: string) => void stored.delete(name),
  },
})
const events = new EventTarget()
Object.assign(globalThis, {
  addEventListener: events.addEventListener.bind(events),
  removeEventListener: events.removeEventListener.bind(events),
})
/** The browser tells the other tabs of what one has written; here in one go, where what is to be seen is not the moment before. */
const tellOthers = () => events.dispatchEvent(Object.assign(new Event('storage'), { key }))

let clock = 0
let listening: (() => void)[] = []
const published = { version: 4, mark: 'm4', text: 'four' }
function open(): TopologyEdit {
  const edit = createTopologyEdit('me', () => clock)
  listening.push(edit.listen())
  if (standing(edit.state.get(), published) === 'follow') edit.follow(published)
  return edit
}
const kept = () => (stored.has(key) ? JSON.parse(stored.get(key)!) : undefined)
beforeEach(() => {
  for (const end of listening) end()
  listening = []
  stored.clear()
  isFull = false
  clock += 10_000
})

test('[TB43] two tabs of one browser edit the one text: what is typed in one stands in the other, and Undo takes it back there', () => {
  const [one, other] = [open(), open()]
  one.set('four, mine')
  tellOthers()
  expect(other.state.get()).toMatchObject({ text: 'four, mine', base: published, isKept: true })
  expect(other.state.get().told).toContain('another tab')
  clock += 10_000
  other.set('four, mine, more')
  tellOthers()
  expect(one.state.get().text).toBe('four, mine, more')
  one.undo()
  expect(one.state.get().text).toBe('four, mine')
  tellOthers()
  expect(other.state.get().text).toBe('four, mine')
})

test('[TB43] a tab that has not heard yet writes over nothing: it shows what the other one wrote, and Undo brings its own back', () => {
  const [one, other] = [open(), open()]
  one.set('of one')
  other.set('of the other')
  expect(kept().text).toBe('of one')
  expect(other.state.get()).toMatchObject({ text: 'of one' })
  other.undo()
  expect(other.state.get().text).toBe('of the other')
})

test('[TB43] a tab in which nothing was typed follows a publication and takes nothing away from the other one', () => {
  const [one, other] = [open(), open()]
  one.set('of one')
  other.follow({ version: 5, mark: 'm5', text: 'five' })
  expect(kept().text).toBe('of one')
  expect(other.state.get()).toMatchObject({ text: 'of one', base: published })
  expect(standing(other.state.get(), { version: 5, mark: 'm5', text: 'five' })).toBe('conflict')
})

test('[TB43] what one tab publishes or discards is over in the other one, which says so and has it in Undo', () => {
  const [one, other] = [open(), open()]
  one.set('of one')
  tellOthers()
  one.take(published)
  tellOthers()
  expect(other.state.get().text).toBe('four')
  expect(other.state.get().told).toContain('published or discarded')
  expect(kept()).toBeUndefined()
  other.undo()
  expect(other.state.get().text).toBe('of one')
})

test('[TB43] where the browser keeps nothing, what is typed stays where it is typed', () => {
  const [one, other] = [open(), open()]
  isFull = true
  other.set('of the other')
  expect(other.state.get().isKept).toBe(false)
  isFull = false
  one.set('of one')
  tellOthers()
  other.set('of the other, more')
  expect(other.state.get()).toMatchObject({ text: 'of the other, more', isKept: false })
  expect(kept().text).toBe('of one')
})

test('[TB30] what was typed before another version was taken over comes back by Undo, after a reload too', () => {
  const one = open()
  one.set('mine')
  one.takeOver({ version: 5, mark: 'm5', text: 'five' })
  expect(one.state.get().text).toBe('five')
  const again = createTopologyEdit('me')
  expect(again.state.get()).toMatchObject({ text: 'five', base: { version: 5 } })
  again.undo()
  expect(again.state.get().text).toBe('mine')
  again.take({ version: 6, mark: 'm6', text: 'six' })
  expect(createTopologyEdit('me').state.get().past).toEqual([])
})

test('[TB30] what others published is no step of Undo where nothing was typed', () => {
  const one = open()
  one.follow({ version: 5, mark: 'm5', text: 'five' })
  expect(one.state.get()).toMatchObject({ text: 'five', base: { version: 5 }, past: [] })
  // Typed and taken back: those steps were of the version before.
  one.set('mine')
  one.undo()
  one.set('again')
  one.set('five')
  one.follow({ version: 6, mark: 'm6', text: 'six' })
  one.undo()
  one.redo()
  expect(one.state.get()).toMatchObject({ text: 'six', base: { version: 6 }, past: [], future: [] })
})

test('[TB46] only what is newer is followed: of a store that was restored or emptied nothing is taken without a word', () => {
  const untouched = { text: 'four', base: published }
  const typed = { text: 'mine', base: published }
  const stands = (version: number, mark: string, text = 'other') =>
    [untouched, typed].map(one => standing(one, { version, mark, text }))
  expect(stands(4, 'm4', 'four')).toEqual(['same', 'same'])
  expect(stands(5, 'm5')).toEqual(['follow', 'conflict'])
  expect(stands(3, 'm3')).toEqual(['conflict', 'conflict'])
  expect(stands(4, 'another')).toEqual(['conflict', 'conflict'])
  expect(standing(untouched, { version: 0, text: '' })).toBe('conflict')
  expect(standing({ text: '', base: { version: 0, text: '' } }, published)).toBe('follow')
})

test('[TB45] signing out leaves nothing of it in the browser', () => {
  open().set('mine')
  forgetTopology('me')
  expect(stored.size).toBe(0)
})
