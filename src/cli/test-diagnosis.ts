import type { TestFault } from './test-steps.ts'

type Case = { step?: RegExp; code: string; say: (fault: TestFault & { who: string; room: string }) => string }

const setup = 'or let pchat test message --setup see to it'

/** The first one that fits: what is wrong, and what to do. */
const cases: Case[] = [
  {
    code: 'unknown_host',
    say: () => 'The name of the server is not known. Check the address given with --server, and the DNS.',
  },
  {
    code: 'unreachable',
    say: () =>
      'The server is out of reach. Check that it runs (pchat doctor on its machine), the port, and firewalls between.',
  },
  {
    code: 'certificate',
    say: () =>
      'The certificate is not trusted here, has ended, or is for another name. Renew it, use the name that it has, or name its authority in NODE_EXTRA_CA_CERTS.',
  },
  {
    code: 'no_tls',
    say: () => 'The server does not speak what the address says. Try http:// in place of https://, or the other way.',
  },
  { code: 'not_ours', say: () => 'Something else answers there. Check the address and what proxies do with it.' },
  { code: 'not_ready', say: () => 'The server runs and cannot serve. Run pchat doctor on its machine.' },
  {
    code: 'policy_missing',
    say: ({ who }) => `The policy is missing: grant it to ${who} (policy.grant), ${setup}.`,
  },
  {
    step: /signs in/,
    code: 'unauthenticated',
    say: ({ who }) =>
      `The account ${who} is missing, disabled or locked, or the password is another. Check both, ${setup}.`,
  },
  {
    code: 'second_factor_required',
    say: ({ who }) =>
      `${who} has to have a second factor, which no program has. Test with two bots: their tokens in place of passwords.`,
  },
  {
    code: 'unauthenticated',
    say: ({ who }) =>
      `The sign-in of ${who} is not valid any more. Where it is a token, get a new one (bot.issueToken).`,
  },
  {
    code: 'no_room',
    say: ({ who, room }) => `No room "${room}" is there for ${who}. Create it, name another one with --room, ${setup}.`,
  },
  {
    step: /joins/,
    code: 'not_found',
    say: ({ who, room }) =>
      `The room "${room}" does not exist, or ${who} is no member of it. Add ${who} to its members, ${setup}.`,
  },
  {
    step: /joins/,
    code: 'forbidden',
    say: ({ who, room }) => `${who} is no member of the room "${room}". Add him to its members, ${setup}.`,
  },
  {
    code: 'room_disabled',
    say: ({ room }) => `The room "${room}" is disabled. Re-enable it, or name another one with --room.`,
  },
  {
    step: /post/,
    code: 'forbidden',
    say: ({ who, room }) =>
      `${who} may not post in "${room}". In an auditorium only presenters do; else his membership was taken.`,
  },
  {
    code: 'rate_limited',
    say: () =>
      'The server limits how often this address or account may ask. Test less often, or raise the limits (settings).',
  },
  {
    step: /arrives/,
    code: 'timeout',
    say: () =>
      'The post is kept, and did not reach the other one. See pchat_deliveries_total, pchat_bus_away and the log of the server.',
  },
  {
    step: /acknowledged/,
    code: 'timeout',
    say: () =>
      'The store does not take posts. See pchat_waiting{line="posts"} and the database: its disk, locks, a stand-by that does not confirm.',
  },
  {
    step: /connects/,
    code: 'timeout',
    say: () =>
      'No WebSocket came about. Check that proxies between let /ws upgrade, and pchat pool state: a server on stand-by takes none.',
  },
  {
    code: 'timeout',
    say: () => 'The server answers too slowly. Run pchat doctor on its machine, or give a longer --timeout.',
  },
  {
    code: 'unavailable',
    say: () => 'The server cannot serve now. GET /readyz says why; run pchat doctor on its machine.',
  },
  { code: 'internal', say: () => 'The server made a mistake. Its log has a line of level error about it.' },
]

/** A sentence or two for who has to mend it. */
export function diagnose(fault: TestFault, room: string): string {
  const found = cases.find(({ step, code }) => code === fault.code && (step === undefined || step.test(fault.step)))
  return (
    found?.say({ ...fault, who: fault.who ?? 'the user', room }) ?? 'See the code and its sentence, and docs/errors.md.'
  )
}
