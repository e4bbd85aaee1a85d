import { randomUUID } from 'node:crypto'
import { type FileSite, openFileSite, putFile } from './files.ts'
import { type Person, password, personAt } from './harness.ts'

/** Kinds of callers, in the order of the table's columns. All but those of a role are in the scope of the category. */
export const callerKeys = [
  'stranger',
  'withoutPolicy',
  'user',
  'member',
  'manager',
  'creator',
  'helpDesk',
  'complianceOfficer',
  'userAdministrator',
  'chatAdministrator',
  'administrator',
] as const
export type CallerKey = (typeof callerKeys)[number]

/** Things that stand for a verb to be tried on; what `a…` makes is there for one call only. */
export type World = {
  site: FileSite
  people: Record<CallerKey, Person>
  /** Of this category and closed; its member and manager are those of `people`. */
  room: string
  /** Secret, and of a category that nobody of `people` is in scope of. */
  hidden: { room: string; category: string; file: string }
  category: string
  group: string
  /** A user whom nothing else is about. */
  victim: string
  /** `said`: with one message of its member. */
  aRoom(said?: true): Promise<string>
  aCategory(): Promise<string>
  aUser(): Promise<string>
  aBot(): Promise<string>
  aFile(): Promise<string>
  anAddin(): Promise<string>
  aPolicy(): Promise<string>
  aName(): string
}

export const secret = password

export async function openPrivilegeWorld(): Promise<World> {
  const site = await openFileSite()
  const { admin } = site
  let made = 0
  const aName = () => {
    made += 1
    return `thing ${made}`
  }
  const add = (short: string) => site.addUser(`${short}@in.example`)
  const roles = ['helpDesk', 'complianceOfficer', 'userAdministrator', 'chatAdministrator'] as const
  const officials: Partial<Record<CallerKey, Person>> = {}
  for (const role of roles) {
    const person = await site.addUser(`${role.toLowerCase()}@office.example`)
    await admin.call('role.grant', { principal: person.me.id, role, granted: true })
    officials[role] = person
  }
  const people = {
    stranger: personAt(site.url, '', admin.me),
    withoutPolicy: await add('withoutpolicy'),
    user: await add('user'),
    member: await add('member'),
    manager: await add('manager'),
    creator: await add('creator'),
    ...officials,
    administrator: admin,
  } as World['people']
  await admin.call('policy.grant', { scope: people.withoutPolicy.me.id, enabled: false })

  const aCategory = async () =>
    (
      await site.addCategory({
        name: aName(),
        allowedMembers: ['in.example'],
        creators: [people.creator.me.id],
        fileUpload: true,
      })
    ).id
  const category = await aCategory()
  const aRoom = async (said?: true) => {
    const lists = { members: [people.member.me.id], managers: [people.manager.me.id] }
    const { id } = await site.addRoom({ name: aName(), category, ...lists })
    if (said) await people.member.call('message.post', { room: id, clientId: randomUUID(), text: 'a needle' })
    return id
  }
  const room = await aRoom(true)

  const { principal: owner, token } = await admin.call('bot.create', {
    name: 'owner@far.example',
    displayName: 'Owner',
  })
  const far = await site.addCategory({ name: 'Far', allowedMembers: ['far.example'], fileUpload: true })
  const cave = await site.addRoom({ name: 'Cave', category: far.id, privacy: 'secret', members: [owner.id] })
  const hidden = {
    room: cave.id,
    category: far.id,
    file: await putFile(personAt(site.url, token, owner), cave, new Uint8Array(10)),
  }
  const make = async (kind: 'user' | 'group', name: string) =>
    (await admin.call('principal.create', { kind, name, displayName: name })).principal.id
  return {
    site,
    people,
    room,
    hidden,
    category,
    group: await make('group', 'desk'),
    victim: await make('user', 'victim@far.example'),
    aRoom,
    aCategory,
    aUser: () => make('user', `${aName().replace(' ', '')}@far.example`),
    aBot: async () => {
      const name = `${aName().replace(' ', '')}@far.example`
      return (await admin.call('bot.create', { name, displayName: name })).principal.id
    },
    aFile: () => putFile(people.member, { id: room }, new Uint8Array([1])),
    anAddin: async () => (await admin.call('addin.create', { name: aName(), url: 'https://addin.example' })).addin.id,
    aPolicy: async () => (await admin.call('policy.create', { name: aName() })).policy.name,
    aName,
  }
}
