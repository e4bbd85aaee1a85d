import { expect, test } from 'vitest'
import type { Client } from '../../../src/client/client.ts'
import type { Principal } from '../../../src/protocol/principal.ts'
import type { Room } from '../../../src/protocol/room.ts'
import type { Card } from './room-draft.ts'
import { changeWords, type ListName, type RoomEdit, withAdded, withRemoved } from './room-edit.ts'
import { createRoomForm } from './room-form.ts'
import { isFormChanged, isFormOutdated } from './room-form-state.ts'
import type { Unsaved } from './unsaved.ts'

const person = (id: string): Principal => ({ id, kind: 'user', name: `${id}@example.com`, displayName: id })
const refusal = (code: string) => Object.assign(new Error(code), { code })
type Asked = Record<string, unknown> & {
  ifVersion?: number
  members?: { add?: string[]; remove?: string[] } | string[] | null
}

/** A room at a server that answers as room.update, room.get and room.members do, when it is let; `fails` is asked once for each answer. */
function openRoom(size = 3) {
  let members: string[] | null = ['ann', 'ben', 'cid', ...Array.from({ length: size - 3 }, (_, index) => `p${index}`)]
  let room = {
    ...{ id: 'r', uri: '', name: 'Desk', description: '', category: 'c', categoryName: 'C', type: 'normal' },
    ...{ privacy: 'closed', invitations: 'inherit', disabled: false, version: 1 },
  } as unknown as Room
  const asked: string[] = []
  let fails: (verb: string) => Error | undefined = () => undefined
  let wait: Promise<void> = Promise.resolve()

  function update({ room: _, ifVersion, members: change, ...facts }: Asked): void {
    if (ifVersion !== undefined && ifVersion !== room.version) throw refusal('conflict')
    if (facts.category === 'lab') members = members?.filter(id => id !== 'cid') ?? null
    room = { ...room, ...facts, version: room.version + 1 }
    if (change === undefined) return
    if (change === null || Array.isArray(change)) members = change
    else members = [...(members ?? []).filter(id => !change.remove?.includes(id)), ...(change.add ?? [])]
  }
  function card(): Card {
    const list = (all: string[]) => all.slice(0, 100).map(person)
    return {
      ...{ room, rights: {}, followed: false, members: members && list(members), managers: [person('ann')] },
      ...{ presenters: [], counts: { members: members?.length ?? 0, managers: 1, presenters: 0 } },
    } as unknown as Card
  }
  function answer(verb: string, input: Asked): object {
    if (verb === 'room.get') return card()
    if (verb === 'room.members') return { principals: (members ?? []).slice(0, input.limit as number).map(person) }
    update(input)
    return { room }
  }
  const client = {
    async request(verb: string, input: Asked) {
      asked.push(verb)
      const waited = wait
      const told = answer(verb, input)
      await waited
      const fault = fails(verb)
      if (fault) throw fault
      return told
    },
  } as unknown as Client
  const unsaved: Unsaved = new Map()
  const open = (read = card()) => createRoomForm(client, read, unsaved, () => asked.push('read anew'))
  const form = open()
  return {
    ...{ form, open, unsaved, card, update, asked, members: () => members, room: () => room },
    fail: (verb: string) => {
      fails = asked => (asked === verb ? refusal('unavailable') : undefined)
    },
    mend: () => {
      fails = () => undefined
    },
    /** Nothing is answered until what this returns is called. */
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>()
      wait = promise
      return resolve
    },
    named: (name: string) => form.change(now => ({ ...now, facts: { ...now.facts, name } })),
    described: (description: string) => form.change(now => ({ ...now, facts: { ...now.facts, description } })),
    listed(change: (list: RoomEdit['lists'][ListName], one: Principal) => RoomEdit['lists'][ListName], id: string) {
      form.change(now => ({ ...now, lists: { ...now.lists, members: change(now.lists.members, person(id)) } }))
    },
    words() {
      const { base, edit } = form.state.get()
      return changeWords(base.card, edit)
    },
  }
}

test('[RP36] what is typed while a save is under way stays to be saved, on the lists too, and is saved by the next', async () => {
  const { form, ...site } = openRoom()
  site.named('Desk North')
  site.listed(withAdded, 'dan')
  site.listed(withRemoved, 'ben')
  const answer = site.hold()
  const saving = form.save()
  site.described('typed meanwhile')
  site.named('Desk North 2')
  // Back to what it was before the save: that is to be saved as well.
  site.listed(withRemoved, 'dan')
  site.listed(withAdded, 'ben')
  site.listed(withRemoved, 'cid')
  site.listed(withAdded, 'eve')
  // The news of the save is there before its answer.
  form.see(site.card())
  expect(isFormOutdated(form.state.get())).toBe(false)
  answer()
  await saving
  expect([site.room().name, site.members()]).toEqual(['Desk North', ['ann', 'cid', 'dan']])
  expect(site.words()).toEqual(['Name', 'Description', 'Members: 2 added, 2 taken off'])
  expect(isFormOutdated(form.state.get())).toBe(false)
  form.see(site.card())
  await form.save()
  expect(site.room()).toMatchObject({ name: 'Desk North 2', description: 'typed meanwhile' })
  expect(site.members()).toEqual(['ann', 'ben', 'eve'])
  expect(site.words()).toEqual([])
})

test('[RP36] the news of a save that come before its answer are not taken for a change of others, and leave nothing to save', async () => {
  // Who the move to the lab takes off is known since the room was read.
  for (const [category, left] of [
    ['hall', ['ann', 'ben', 'cid', 'dan']],
    ['lab', ['ann', 'ben', 'dan']],
  ] as const) {
    const { form, ...site } = openRoom()
    form.change(now => ({ ...now, facts: { ...now.facts, category } }))
    site.listed(withAdded, 'dan')
    const answer = site.hold()
    const saving = form.save()
    form.see(site.card())
    answer()
    await saving
    expect([site.words(), form.state.get().theirs], category).toEqual([[], undefined])
    expect(form.state.get().base.lists.members.people.map(one => one.id)).toEqual(left)
  }
})

test('[RP36] who makes the members a list again while he saves that they are everyone keeps the list', async () => {
  const { form, ...site } = openRoom()
  form.change(now => ({ ...now, everyone: true }))
  const saving = form.save()
  form.change(now => ({ ...now, everyone: false }))
  await saving
  expect(site.members()).toBe(null)
  expect(site.words()).toEqual(['Members: a list of 3 instead of everyone'])
  await form.save()
  expect(site.members()).toEqual(['ann', 'ben', 'cid'])
})

test('[RP37] a save that went through is one although the room cannot be read after it: nothing is left to save, nobody else is blamed', async () => {
  const { form, ...site } = openRoom()
  site.fail('room.get')
  site.named('Desk North')
  site.listed(withAdded, 'dan')
  await form.save()
  expect(site.words()).toEqual([])
  expect(form.state.get().base.lists.members.people.map(one => one.id)).toEqual(['ann', 'ben', 'cid', 'dan'])
  // The next save is not refused for the one before.
  site.described('more')
  await form.save()
  expect(form.state.get().theirs).toBe(undefined)
  expect(site.room()).toMatchObject({ name: 'Desk North', description: 'more', version: 3 })
})

test('[RP37] a save whose answer was lost is found to be done, be it by news of the room or by saving again, and is no conflict', async () => {
  for (const how of ['news', 'again'] as const) {
    const { form, ...site } = openRoom()
    site.named('Desk North')
    site.listed(withAdded, 'dan')
    site.fail('room.update')
    await expect(form.save()).rejects.toMatchObject({ code: 'unavailable' })
    expect(site.words()).toEqual(['Name', 'Members: 1 added'])
    site.mend()
    if (how === 'news') form.see(site.card())
    else await form.save()
    expect(form.state.get().theirs, how).toBe(undefined)
    expect(isFormChanged(form.state.get()), how).toBe(false)
    expect(form.state.get().base.card.room.version).toBe(2)
  }
})

test('[RP37] a comparison that could not be read leaves everything as it was, and is made by the next', async () => {
  const { form, ...site } = openRoom()
  site.named('mine')
  site.update({ name: 'theirs' })
  site.fail('room.get')
  await expect(form.save()).rejects.toMatchObject({ code: 'unavailable' })
  expect([form.state.get().theirs, site.words()]).toEqual([undefined, ['Name']])
  site.mend()
  await form.save()
  expect(form.state.get().theirs?.card.room.name).toBe('theirs')
  // What was taken is saved, and its answer is lost: no third version is seen in it.
  site.fail('room.update')
  await expect(form.take(() => 'mine')).rejects.toMatchObject({ code: 'unavailable' })
  site.mend()
  await form.take(() => 'mine')
  expect([form.state.get().theirs, site.room().name, site.words()]).toEqual([undefined, 'mine', []])
})

test('[RP35] what would be saved out of two versions tells that it moves the room, from where the others have it by now', async () => {
  const { form, ...site } = openRoom()
  form.change(now => ({ ...now, facts: { ...now.facts, category: 'hall' } }))
  site.update({ description: 'theirs' })
  await form.save()
  const taken = form.taken(() => 'mine')
  expect([taken?.base.card.room.category, taken?.edit.facts.category]).toEqual(['c', 'hall'])
  expect(form.taken(() => 'theirs')?.edit.facts.category).toBe('c')
  site.update({ category: 'hall' })
  await form.take(row => (row.key === 'category' ? 'mine' : 'theirs'))
  // They have moved it there themselves.
  expect([form.state.get().theirs, site.words()]).toEqual([undefined, []])
})

test('[RP38] a list that is read while the room is saved is read again, and a discard while it is read loses nothing that is typed after', async () => {
  const { form, ...site } = openRoom(300)
  expect(form.state.get().base.lists.members.isWhole).toBe(false)
  site.named('Desk North')
  site.listed(withAdded, 'dan')
  const answer = site.hold()
  const reading = form.readOn('members', 1000)
  const saving = form.save()
  answer()
  await Promise.all([reading, saving])
  const known = () => form.state.get().base.lists.members
  expect([known().isWhole, known().people.length, known().people.at(-1)?.id]).toEqual([true, 301, 'dan'])
  expect(site.asked.filter(verb => verb === 'room.members').length).toBe(2)
  site.named('dropped')
  form.discard()
  site.described('typed after')
  form.see(site.card())
  expect(site.words()).toEqual(['Description'])
})

test('[RP36] what is taken of two versions is saved alone: until its answer it is neither saved again, dropped nor edited on', async () => {
  for (const [meanwhile, answered] of [
    ['goOn', 'saved'],
    ['goOn', 'another conflict'],
    ['discard', 'saved'],
    ['take', 'saved'],
  ] as const) {
    const { form, ...site } = openRoom()
    site.named('mine')
    site.update({ name: 'theirs' })
    await form.save()
    if (answered === 'another conflict') site.update({ name: 'third' })
    const answer = site.hold()
    const asked = site.asked.length
    const taking = form.take(() => 'mine')
    if (meanwhile === 'take') await form.take(() => 'mine')
    else form[meanwhile](() => 'mine')
    expect(form.state.get().theirs?.card.room.name, meanwhile).toBe('theirs')
    expect(site.asked.slice(asked), meanwhile).toEqual(['room.update'])
    answer()
    await taking
    expect(form.state.get().isSaving).toBe(false)
    if (answered === 'saved')
      expect([form.state.get().theirs, site.room().name, site.words()]).toEqual([undefined, 'mine', []])
    else expect([form.state.get().theirs?.card.room.name, form.state.get().edit.facts.name]).toEqual(['third', 'mine'])
  }
})

test('[RP34] who leaves a room while it is saved finds it saved, and what he typed meanwhile to be saved; somebody who comes back before the answer too', async () => {
  for (const isBack of [false, true]) {
    const { form, ...site } = openRoom()
    const before = site.card()
    site.named('Desk North')
    site.listed(withAdded, 'dan')
    const answer = site.hold()
    const saving = form.save()
    if (isBack) {
      const again = site.open()
      expect(again.state.get().isSaving).toBe(true)
      again.change(now => ({ ...now, facts: { ...now.facts, description: 'typed' } }))
    }
    answer()
    await saving
    expect(site.words()).toEqual(isBack ? ['Description'] : [])
    // What this page had read of the room before is shown first: it is older than the save.
    const next = site.open(before)
    next.see(before)
    expect(next.state.get()).toMatchObject({ isSaving: false, base: { card: { room: { name: 'Desk North' } } } })
    next.see(site.card())
    // Nothing is kept of a room that was read since and has nothing to save.
    expect(site.unsaved.size).toBe(isBack ? 1 : 0)
    await next.save()
    expect(next.state.get().theirs).toBe(undefined)
    expect([site.room().version, site.members()]).toEqual([3, ['ann', 'ben', 'cid', 'dan']])
  }
})

test('[RP34] who puts back what is being saved and leaves has that to be saved when he comes back', async () => {
  const { form, ...site } = openRoom()
  site.named('Desk North')
  const answer = site.hold()
  const saving = form.save()
  site.named('Desk')
  const next = site.open()
  answer()
  await saving
  expect([site.room().name, next.state.get().edit.facts.name, site.words()]).toEqual(['Desk North', 'Desk', ['Name']])
  expect([...site.unsaved.values()]).toEqual([next.state])
})

test('[RP34] a save that failed after its room was left leaves what was changed to be saved', async () => {
  const { form, ...site } = openRoom()
  site.named('Desk North')
  site.fail('room.update')
  const answer = site.hold()
  const saving = form.save()
  answer()
  await expect(saving).rejects.toMatchObject({ code: 'unavailable' })
  expect(site.open().state.get().edit.facts.name).toBe('Desk North')
  // A form that holds nothing takes away nothing that was begun after it.
  form.discard()
  expect(site.unsaved.size).toBe(0)
  site.open().change(now => ({ ...now, facts: { ...now.facts, name: 'later' } }))
  await form.readOn('members', 1000)
  expect(site.open().state.get().edit.facts.name).toBe('later')
})

test('[RP37] what a save must have come to is read by the next reading of the room, also after a discard and by the next form', async () => {
  for (const how of ['discard', 'left'] as const) {
    const { form, ...site } = openRoom()
    // The server puts somebody on the list that nobody here knows of.
    site.update({ members: { add: ['eve'] } })
    form.see({ ...site.card(), members: [person('ann')], counts: { members: 4, managers: 1, presenters: 0 } })
    site.named('Desk North')
    await form.save()
    site.described('more')
    if (how === 'discard') form.discard()
    const next = how === 'left' ? site.open() : form
    next.see(site.card())
    const { base, isAssumed } = next.state.get()
    expect([isAssumed, base.lists.members.people.length], how).toEqual([false, 4])
  }
})
