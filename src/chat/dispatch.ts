import { Compile } from 'typebox/compile'
import { isBadText } from '../domain/message.ts'
import { Refusal } from '../protocol/error.ts'
import { type Input, type Result, type Verb, verbs } from '../protocol/request.ts'
import type { Doors } from '../protocol/verb.ts'
import { requireRole } from './access.ts'
import { createAddin, deleteAddin, listAddins, updateAddin } from './addin.ts'
import { listServers } from './apart.ts'
import { listAudit } from './audit.ts'
import { createBot, issueBotToken } from './bot.ts'
import { createCategory, deleteCategory, listCategories, updateCategory } from './category.ts'
import type { Caller, Chat } from './chat.ts'
import { getCompliance, removeAdapter, setAdapter, updateCompliance } from './compliance.ts'
import { deleteConfiguration, listConfigurations, setConfiguration } from './configuration.ts'
import { denyDelete, liftDenial, listDenials } from './denial.ts'
import { checkOneDirectory } from './directory-check.ts'
import { explainPrincipal } from './directory-explain.ts'
import { readDirectoryStatus, resyncPrincipal, syncDirectory } from './directory-sync.ts'
import { listEligible } from './eligible.ts'
import {
  challengeProof,
  listFactors,
  proveAgain,
  removeFactor,
  renameFactor,
  renewRecoveryCodes,
  resetFactors,
} from './factor.ts'
import { beginFactor, confirmFactor, enrolAtSignIn } from './factor-enrol.ts'
import { beginFile, getFile, postFile } from './file.ts'
import { listFiles } from './file-list.ts'
import { breakRoomGlass } from './glass.ts'
import { listGroupMembers, updateGroup } from './group.ts'
import { handOver } from './hand-over.ts'
import { joinRoom, listParticipants, partRoom } from './live.ts'
import { listMessages, postMessage } from './message.ts'
import { checkRoomName } from './name-check.ts'
import { createPolicy, deletePolicy, getPolicies, updatePolicy } from './named-policy.ts'
import { changePassword } from './password.ts'
import { grantPolicy, listPolicies } from './policy.ts'
import { getPool, updatePool } from './pool.ts'
import { listPools } from './pools.ts'
import { createPrincipal, findPrincipals, getPrincipal } from './principal.ts'
import { updatePrincipal } from './principal-update.ts'
import { clearRoom, removeMessages } from './removal.ts'
import { grantRole, listRoles } from './role.ts'
import { createRoom, deleteRoom, findRooms } from './room.ts'
import { listAllRooms } from './room-inventory.ts'
import { getRoom, listRoomMembers } from './room-list.ts'
import { previewMove } from './room-move.ts'
import { updateRoom } from './room-update.ts'
import { dismissInvitation, followRoom, markRead, unfollowRoom } from './room-user.ts'
import { searchMessages } from './search.ts'
import { endSession, listSessions, signIn } from './session.ts'
import { getSettings, updateSettings } from './settings.ts'
import { listSignInRecord } from './sign-in-list.ts'
import { challengeSignIn } from './sign-in-step.ts'
import { readSimulation, simulateCategory } from './simulation.ts'
import { syncSession } from './sync.ts'
import {
  checkTopologyText,
  getTopology,
  getTopologyExample,
  getTopologySchema,
  listTopologyHistory,
  publishTopologyText,
  rollBackTopology,
} from './topology.ts'
import { reportUsage } from './usage.ts'

/** What is asked before there is a session. */
const strangerRuns: {
  [V in StrangerVerb]: (chat: Chat, from: { address: string }, input: Input<V>) => Promise<Result<V>>
} = {
  'session.signIn': signIn,
  'session.challenge': challengeSignIn,
  'session.enrol': enrolAtSignIn,
}
type StrangerVerb = 'session.signIn' | 'session.challenge' | 'session.enrol'

/** The WebSocket door opens a session by itself; every other verb is here. */
type Dispatched = Exclude<Verb, 'session.open' | StrangerVerb>

const runs: { [V in Dispatched]: (chat: Chat, caller: Caller, input: Input<V>) => Promise<Result<V>> } = {
  'session.handOver': handOver,
  'session.servers': listServers,
  'session.end': endSession,
  'session.list': listSessions,
  'session.record': listSignInRecord,
  'session.sync': syncSession,
  'principal.create': createPrincipal,
  'principal.update': updatePrincipal,
  'principal.get': getPrincipal,
  'principal.find': findPrincipals,
  'principal.eligible': listEligible,
  'password.change': changePassword,
  'factor.list': listFactors,
  'factor.challenge': challengeProof,
  'factor.prove': proveAgain,
  'factor.begin': beginFactor,
  'factor.confirm': confirmFactor,
  'factor.rename': renameFactor,
  'factor.remove': removeFactor,
  'factor.recoveryCodes': renewRecoveryCodes,
  'factor.reset': resetFactors,
  'bot.create': createBot,
  'bot.issueToken': issueBotToken,
  'group.update': updateGroup,
  'group.members': listGroupMembers,
  'policy.grant': grantPolicy,
  'policy.list': listPolicies,
  'policy.create': createPolicy,
  'policy.update': updatePolicy,
  'policy.get': getPolicies,
  'policy.delete': deletePolicy,
  'settings.get': getSettings,
  'settings.update': updateSettings,
  'configuration.set': setConfiguration,
  'configuration.list': listConfigurations,
  'configuration.delete': deleteConfiguration,
  'pool.get': getPool,
  'pool.update': updatePool,
  'pool.list': listPools,
  'audit.list': listAudit,
  'role.grant': grantRole,
  'role.list': listRoles,
  'compliance.get': getCompliance,
  'compliance.update': updateCompliance,
  'compliance.setAdapter': setAdapter,
  'compliance.removeAdapter': removeAdapter,
  'denial.add': denyDelete,
  'denial.list': listDenials,
  'denial.lift': liftDenial,
  'directory.status': readDirectoryStatus,
  'directory.sync': syncDirectory,
  'directory.check': checkOneDirectory,
  'directory.resync': resyncPrincipal,
  'directory.explain': explainPrincipal,
  'category.create': createCategory,
  'category.update': updateCategory,
  'category.list': listCategories,
  'category.delete': deleteCategory,
  'addin.create': createAddin,
  'addin.update': updateAddin,
  'addin.list': listAddins,
  'addin.delete': deleteAddin,
  'category.simulate': simulateCategory,
  'category.simulation': readSimulation,
  'room.create': createRoom,
  'room.update': updateRoom,
  'room.get': getRoom,
  'room.members': listRoomMembers,
  'room.checkName': checkRoomName,
  'room.find': findRooms,
  'room.list': listAllRooms,
  'room.previewMove': previewMove,
  'room.join': joinRoom,
  'room.part': partRoom,
  'room.follow': followRoom,
  'room.unfollow': unfollowRoom,
  'room.markRead': markRead,
  'room.clear': clearRoom,
  'room.breakGlass': breakRoomGlass,
  'room.delete': deleteRoom,
  'invitation.dismiss': dismissInvitation,
  'participant.list': listParticipants,
  'message.post': postMessage,
  'message.list': listMessages,
  'message.search': searchMessages,
  'message.remove': removeMessages,
  'file.begin': beginFile,
  'file.get': getFile,
  'file.post': postFile,
  'file.list': listFiles,
  'usage.report': reportUsage,
  'topology.get': getTopology,
  'topology.schema': getTopologySchema,
  'topology.example': getTopologyExample,
  'topology.check': checkTopologyText,
  'topology.publish': publishTopologyText,
  'topology.history': listTopologyHistory,
  'topology.rollback': rollBackTopology,
}

const validators = new Map(Object.entries(verbs).map(([name, verb]) => [name, Compile(verb.input)]))

export function isVerb(name: unknown): name is Verb {
  return typeof name === 'string' && Object.hasOwn(verbs, name)
}

/** The input of a verb, or a refusal with the path of what is wrong. Beyond this door values are trusted. */
export function parseInput<V extends Verb>(name: V, input: unknown): Input<V> {
  const validator = validators.get(name)!
  if (!validator.Check(input))
    throw new Refusal('invalid_argument', describeFault(validator.Errors(input) as Iterable<Fault>))
  const bad = findBadText(input, '')
  if (bad !== undefined)
    throw new Refusal('invalid_argument', `${bad} holds U+0000 or an unpaired surrogate. Remove it.`)
  return lowerIds(input as Record<string, unknown>) as Input<V>
}

type Fault = { instancePath: string; message: string; keyword: string; params: object }

function describeFault(faults: Iterable<Fault>): string {
  for (const fault of faults) {
    const path = fault.instancePath.slice(1).replaceAll('/', '.') || 'input'
    const shown = path.length > 200 ? `${path.slice(0, 200)}…` : path
    if (fault.keyword === 'boolean') return `${shown} is not a member of this input. Leave it out.`
    if (fault.keyword === 'required') return `${shown} ${fault.message}. Add what is missing.`
    return `${shown} ${fault.message}. See the verb in /api/v1/openapi.json.`
  }
  return 'The input is not of the shape of this verb. See /api/v1/openapi.json.'
}

/** Path of a string, or of a member's name, that no store takes. Inputs are as deep as their schema, so this ends. */
function findBadText(value: unknown, path: string): string | undefined {
  if (typeof value === 'string') return isBadText(value) ? path || 'input' : undefined
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, member] of Object.entries(value)) {
    const bad = findBadText(member, path ? `${path}.${key}` : key)
    if (bad !== undefined) return bad
  }
  return undefined
}

const idMembers = new Set(['room', 'category', 'session', 'clientId', 'file', 'simulation'])

/** UUIDs come in either case; beyond the door they are compared as text. */
function lowerIds(input: Record<string, unknown>): Record<string, unknown> {
  const clean: Record<string, unknown> = { ...input }
  for (const [key, value] of Object.entries(clean)) {
    if (idMembers.has(key) && typeof value === 'string') clean[key] = value.toLowerCase()
    else if (key === 'rooms' && Array.isArray(value))
      clean[key] = value.map(item =>
        typeof item === 'string' ? item.toLowerCase() : { ...item, room: item.room.toLowerCase() },
      )
  }
  return clean
}

/** A verb that is asked before there is a session: signing in, and what leads there. */
export function isStrangerVerb(name: string): name is StrangerVerb {
  return Object.hasOwn(strangerRuns, name)
}

/** Runs one of them, at either door. */
export function answerStranger(
  chat: Chat,
  from: { address: string },
  name: StrangerVerb,
  input: unknown,
): Promise<object> {
  const run = strangerRuns[name] as (chat: Chat, from: { address: string }, input: unknown) => Promise<object>
  return timed(chat, name, run(chat, from, parseInput(name, input)))
}

/**
 * One door for both transports: refuses what is no verb, not of this door, malformed or not the caller's to ask, then runs it.
 * Runs synchronously up to the verb's first wait, so that posts keep the order in which they came.
 */
export async function dispatch(
  chat: Chat,
  caller: Caller,
  door: Exclude<Doors, 'both'> | 'http',
  name: string,
  input: unknown,
): Promise<object> {
  if (!isVerb(name))
    throw new Refusal('not_found', `There is no verb ${JSON.stringify(name.slice(0, 100))}. See /api/v1/openapi.json.`)
  const verb = verbs[name]
  if (door === 'http' && verb.doors === 'websocket')
    throw new Refusal('invalid_argument', `${name} binds a live session. Send it over the WebSocket at /ws.`)
  if (name === 'session.open' || isStrangerVerb(name)) throw new Refusal('conflict', 'This session is open already.')
  const parsed = parseInput(name, input)
  if (typeof verb.callers !== 'string') await requireRole(chat, caller, verb.callers)
  const run = runs[name] as (chat: Chat, caller: Caller, input: unknown) => Promise<object>
  return timed(chat, name, run(chat, caller, parsed))
}

/** Few kinds, since each is a dozen series of every server: what people wait for, and the rest as one. */
const kinds: Partial<Record<Verb, string>> = {
  'session.signIn': 'sign-in',
  'session.sync': 'sync',
  'room.join': 'join',
  'message.post': 'post',
  'message.list': 'history',
  'message.search': 'search',
}

async function timed(chat: Chat, verb: Verb, answer: Promise<object>): Promise<object> {
  const end = chat.metrics.requestSeconds.startTimer({ kind: kinds[verb] ?? 'other' })
  try {
    return await answer
  } finally {
    end()
  }
}
