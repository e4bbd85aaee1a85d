import type { Command } from 'commander'
import { addinVerbs } from './addin-verbs.ts'
import { categoryVerbs } from './category-verbs.ts'
import { addCompletion } from './completion.ts'
import { configurationVerbs } from './configuration-verbs.ts'
import { dataVerbs } from './data-verbs.ts'
import { eligibleVerbs } from './eligible-verbs.ts'
import { groupVerbs } from './group-verbs.ts'
import { addHelp } from './help.ts'
import { type Io, processIo } from './io.ts'
import { messageVerbs } from './message-verbs.ts'
import { policyVerbs } from './policy-verbs.ts'
import { poolVerbs } from './pool-verbs.ts'
import { recordVerbs } from './record-verbs.ts'
import { roleVerbs } from './role-verbs.ts'
import { roomVerbs } from './room-verbs.ts'
import { addVerb } from './run.ts'
import { usageVerbs } from './usage-verbs.ts'
import { userVerbs } from './user-verbs.ts'
import type { ShellVerb } from './verb.ts'

const nouns: Record<string, string> = {
  room: 'rooms, what is in them and who may enter',
  category: 'categories, their scopes and creators',
  message: 'what was posted',
  addin: 'pages that stand beside the conversation of a room',
  policy: 'who may use Persistent Chat at all',
  configuration: 'options of all, of a site or of a pool',
  'eligible-principal': 'who may be put into a room',
  'active-server': 'who takes new sessions',
  state: 'state of the pool',
  pool: 'pools of the organisation',
  data: 'export and import of everything',
  user: 'people',
  group: 'groups, organisational units and domains',
  role: 'who administers',
  session: 'sign-ins',
  audit: 'what administrators did',
  usage: 'who uses it how much',
}

export const shellVerbs: ShellVerb[] = [
  ...roomVerbs,
  ...categoryVerbs,
  ...messageVerbs,
  ...addinVerbs,
  ...policyVerbs,
  ...configurationVerbs,
  ...eligibleVerbs,
  ...poolVerbs,
  ...dataVerbs,
  ...userVerbs,
  ...groupVerbs,
  ...roleVerbs,
  ...recordVerbs,
  ...usageVerbs,
]

/** The administrator's shell: nouns and verbs, help and completion. The last one, since these two look at all that the program has. */
export function addShell(program: Command, io: Io = processIo): void {
  for (const verb of shellVerbs) {
    const [noun] = verb.path
    const command =
      program.commands.find(one => one.name() === noun) ??
      program
        .command(noun)
        .description(nouns[noun] ?? '')
        .helpCommand(false)
    addVerb(command, verb, io)
  }
  addCompletion(program, io)
  addHelp(program, io)
}
