import Type, { type Static } from 'typebox'
import { FileRef } from './file.ts'
import { ClientId, Seq } from './ids.ts'
import { Principal } from './principal.ts'

export const MessageFormat = Type.Union([Type.Literal('plain'), Type.Literal('markdown')])
export type MessageFormat = Static<typeof MessageFormat>

/** A message with its content. */
export const PostedMessage = Type.Object({
  seq: Seq,
  at: Type.String(),
  author: Principal,
  text: Type.String(),
  format: MessageFormat,
  clientId: ClientId,
  alert: Type.Optional(Type.Boolean({ description: 'high importance' })),
  title: Type.Optional(Type.String({ description: 'a story has a title' })),
  file: Type.Optional(FileRef),
  replaced: Type.Optional(Type.Boolean({ description: 'an administrator put this text in place of the original' })),
})
export type PostedMessage = Static<typeof PostedMessage>

/** What is left of a removed message. */
export const RemovedMessage = Type.Object({ seq: Seq, at: Type.String(), removed: Type.Literal(true) })
export type RemovedMessage = Static<typeof RemovedMessage>

export const Message = Type.Union([PostedMessage, RemovedMessage])
export type Message = Static<typeof Message>

/** What stands in place of a replaced message unless other words are given. */
export const replacementText = 'This message was replaced by the Persistent Chat administrator.'

/** The eleven emoticons of the original client, by the text that stands for them. */
export const emoticons = {
  ':)': 'Smile',
  ':(': 'Frown',
  ';)': 'Wink',
  ':D': 'Laughing',
  ':P': 'Tongue',
  '8)': 'Cool',
  ':S': 'Confused',
  ':O': 'Shocked',
  ":'(": 'Crying',
  ':*': 'Kissing',
  ':@': 'Angry',
} as const
