import { nameKey } from '../../domain/name.ts'
import { Refusal } from '../../protocol/error.ts'
import type { Principal } from '../../protocol/principal.ts'
import type { Result } from '../../protocol/request.ts'
import { differing, identityIn, instanceOption, readInstance, shown } from './compare.ts'
import { Misuse } from './fault.ts'
import { principalsLike } from './names.ts'
import { tableLines } from './table.ts'
import { flag, wildcard } from './values.ts'
import type { Answer, Given, Plan, Shell, ShellVerb } from './verb.ts'

type Policy = { name: string; description: string; enabled: boolean; granted: number }

const argument = {
  name: 'policy',
  text: 'global, site:NAME, or the name of a policy that is granted to people (tag:NAME is taken, too)',
  required: true,
}
const description = { name: 'description', value: '<text>', text: 'what it is for' }
const enable = flag('enable-persistent-chat', 'whom it concerns may use Persistent Chat; false unless said')

export const policyVerbs: ShellVerb[] = [
  {
    path: ['policy', 'new'],
    text: 'add a policy, of a site or for people',
    about: 'It lets nobody in unless --enable-persistent-chat is said. The most specific policy of a user counts.',
    argument,
    options: [description, enable],
    cmdlet: 'New-CsPersistentChatPolicy',
    examples: [
      'pchat policy new site:London --enable-persistent-chat',
      'pchat policy new Traders --description "Front office"',
    ],
    plan: planNew,
  },
  {
    path: ['policy', 'set'],
    text: 'change a policy',
    argument: { ...argument, text: `${argument.text}; global unless said`, required: false },
    options: [instanceOption, description, enable],
    cmdlet: 'Set-CsPersistentChatPolicy',
    examples: [
      'pchat policy set global --enable-persistent-chat',
      'pchat policy set Traders --enable-persistent-chat false --what-if',
    ],
    plan: planSet,
  },
  {
    path: ['policy', 'get'],
    text: 'show a policy, or those that fit',
    argument: { ...argument, required: false },
    options: [{ name: 'filter', value: '<pattern>', text: 'pattern of the name, such as "site:*"' }],
    cmdlet: 'Get-CsPersistentChatPolicy',
    examples: ['pchat policy get', 'pchat policy get --filter "site:*" --json'],
    get: getPolicies,
  },
  {
    path: ['policy', 'remove'],
    text: 'remove a policy; the global one goes back to its default',
    about:
      'Who had it falls under the next more general one. The global policy is not removed: it lets nobody in, as at first.',
    argument,
    options: [instanceOption],
    cmdlet: 'Remove-CsPersistentChatPolicy',
    examples: ['pchat policy remove Traders', 'pchat policy remove site:London --confirm'],
    destroys: true,
    plan: planRemove,
  },
  {
    path: ['policy', 'grant'],
    text: 'give people a policy, or take it from them',
    about: `The one who gets it is a user, group, organisational unit or domain by account name or id, or users by display name with * in it.`,
    argument: { name: 'principal', text: 'account name, id, or display name with *', required: true },
    options: [
      { name: 'policy-name', value: '<policy>', text: 'name of the policy' },
      { name: 'policy-none', text: 'take away what was granted ($Null)' },
      { name: 'pass-thru', text: 'print who got it' },
    ],
    cmdlet: 'Grant-CsPersistentChatPolicy',
    examples: [
      'pchat policy grant ann@example.com --policy-name Traders',
      'pchat policy grant "Ann M*" --policy-none --what-if',
    ],
    plan: planGrant,
  },
]

function plainPolicy(ref: string): string {
  return ref.replace(/^tag:/i, '')
}

async function findPolicy(shell: Shell, ref: string): Promise<Policy | undefined> {
  const { policies } = await shell.call<{ policies: Policy[] }>('policy.get', {})
  return policies.find(one => nameKey(one.name) === nameKey(plainPolicy(ref)))
}

async function policyOf(shell: Shell, ref: string): Promise<Policy> {
  const found = await findPolicy(shell, ref)
  if (found) return found
  throw new Refusal('not_found', `There is no policy "${ref}". pchat policy get lists them.`)
}

async function planNew(shell: Shell, { identity, options }: Given): Promise<Plan> {
  const name = plainPolicy(identity!)
  const { description, enablePersistentChat = false } = options
  const input = { name, enabled: enablePersistentChat, ...(description === undefined ? {} : { description }) }
  return {
    changes: [{ what: `policy ${name}`, change: 'create', now: '', after: `Persistent Chat: ${shown(input.enabled)}` }],
    apply: async () => ({ value: await shell.call('policy.create', input) }),
  }
}

async function planSet(shell: Shell, given: Given): Promise<Plan> {
  const instance = await readInstance(given, shell.io)
  const policy = await policyOf(shell, given.identity ?? (instance ? identityIn(given, instance) : 'global'))
  const { description = instance?.description, enablePersistentChat: enabled = instance?.enabled } = given.options
  const { input, changes } = differing(`policy ${policy.name}`, policy, { description, enabled })
  return {
    changes,
    apply: async () => ({
      value: changes.length === 0 ? { policy } : await shell.call('policy.update', { policy: policy.name, ...input }),
    }),
  }
}

async function getPolicies(shell: Shell, { identity, options }: Given): Promise<Answer> {
  const all =
    identity === undefined
      ? (await shell.call<{ policies: Policy[] }>('policy.get', {})).policies
      : [await policyOf(shell, identity)]
  const fits = wildcard((options.filter as string | undefined) ?? '*')
  const policies = all.filter(one => fits(one.name))
  const rows = policies.map(one => [one.name, shown(one.enabled), `${one.granted}`, one.description])
  return {
    value: { policies },
    lines: rows.length === 0 ? [] : tableLines([['POLICY', 'ENABLED', 'GRANTED', 'DESCRIPTION'], ...rows]),
  }
}

async function planRemove(shell: Shell, given: Given): Promise<Plan> {
  const policy = await policyOf(shell, identityIn(given, await readInstance(given, shell.io)))
  const isGlobal = policy.name === 'global'
  return {
    changes: [
      {
        what: `policy ${policy.name}`,
        change: isGlobal ? 'reset' : 'remove',
        now: `Persistent Chat: ${shown(policy.enabled)}`,
        after: isGlobal ? 'Persistent Chat: no' : '',
      },
    ],
    destroys: isGlobal
      ? 'The global policy lets nobody in after: who has no other one is shut out.'
      : `${policy.granted} grants of "${policy.name}" go with it, for good.`,
    apply: async () => ({ value: await shell.call('policy.delete', { policy: policy.name }) }),
  }
}

async function planGrant(shell: Shell, { identity, options }: Given): Promise<Plan> {
  const { policyName, policyNone, passThru } = options as {
    policyName?: string
    policyNone?: boolean
    passThru?: boolean
  }
  if ((policyName === undefined) === (policyNone === undefined))
    throw new Misuse('Give --policy-name NAME, or --policy-none to take it away.')
  const policy = policyName === undefined ? null : (await policyOf(shell, policyName)).name
  const people = await principalsLike(shell, identity!)
  if (people.length === 0)
    throw new Refusal('not_found', `Nobody is called "${identity}". Account names are taken whole.`)
  const grants = (await shell.call<Result<'policy.list'>>('policy.list', {})).policies
  const own = new Map(grants.map(one => [one.scope, one.policy ?? shown(one.enabled)]))
  const nowOf = (one: Principal) => own.get(one.id) ?? 'none of its own'
  const after = policy ?? 'none of its own'
  const changed = people.filter(one => nowOf(one) !== after)
  return {
    changes: changed.map(one => ({ what: `${one.kind} ${one.name}`, change: 'policy', now: nowOf(one), after })),
    async apply() {
      for (const [done, one] of changed.entries()) {
        shell.progress(done + 1, changed.length, 'granted')
        await shell.call('policy.grant', { scope: one.id, policy })
      }
      return {
        value: { granted: people.length, ...(passThru ? { principals: people } : {}) },
        lines: passed(people, passThru),
      }
    },
  }
}

function passed(people: Principal[], passThru: boolean | undefined): string[] {
  return passThru ? people.map(one => one.name) : []
}
