// The one door of the published package; inside the repository modules are imported by name.
export type { Event, EventName, EventOf } from '../protocol/event.ts'
export type { Message, PostedMessage, RemovedMessage } from '../protocol/message.ts'
export type { Me, Principal } from '../protocol/principal.ts'
export type { Input, Result, Verb } from '../protocol/request.ts'
export type { Room } from '../protocol/room.ts'
export type { Limits } from '../protocol/session-verbs.ts'
// biome-ignore lint/performance/noBarrelFile: a package has one entry
export { type Client, type ClientOptions, connect } from './client.ts'
export { PchatError } from './error.ts'
export type { ConnectionState } from './link.ts'
export type { PostContent, Posted } from './post.ts'
export type { Range } from './ranges.ts'
export type { RoomState } from './room-state.ts'
