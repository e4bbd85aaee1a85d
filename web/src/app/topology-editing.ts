import { useCallback, useEffect, useMemo, useState } from 'react'
import type { Result } from '../../../src/protocol/request.ts'
import { useChat } from './chat.ts'
import { forget, queryClient, useLiveVerb, useVerb } from './query.ts'
import { useStore } from './store.ts'
import { carriedPointer } from './topology-carry.ts'
import { problemsOf, useTopologyCheck } from './topology-check.ts'
import { readDocument, withItem, withoutValue, withValue } from './topology-document.ts'
import { type Base, createTopologyEdit, nothing, standing, type TopologyEdit } from './topology-edit.ts'
import { newPart, partAround, partAt, partsOf } from './topology-parts.ts'
import { type OptionSchema, pointerOf, type Steps, stepsOf, valueAt } from './topology-schema.ts'

/** How often the page looks whether somebody else has published. */
const everyMs = 10_000

/** A topology while it is edited, beside what is published of it. */
export function useTopologyEditing() {
  const { me } = useChat()
  const [edit] = useState(() => createTopologyEdit(me.id))
  const state = useStore(edit.state)
  useEffect(() => edit.listen(), [edit])
  const got = useVerb('topology.get', {})
  const head = useLiveVerb('topology.history', { limit: 1 }, everyMs)
  const schema = useVerb('topology.schema', {})
  const publication = got.data?.publication ?? undefined
  const published: Base | undefined = useMemo(
    () =>
      publication
        ? { version: publication.version, mark: publication.mark, text: publication.text }
        : got.data?.store === 'empty'
          ? nothing
          : undefined,
    [publication, got.data],
  )
  // The head is small, and the text is read anew only where it is another one, or none any more.
  const newest = head.data && (head.data.publications[0]?.mark ?? '')
  const isLost = got.error !== null
  useEffect(() => {
    if (newest !== undefined && newest !== (publication?.mark ?? '')) forget('topology.get')
  }, [newest, publication?.mark])
  // A store that was away is there again, though nothing may be published in it.
  useEffect(() => {
    if (isLost && head.dataUpdatedAt > 0) forget('topology.get')
  }, [isLost, head.dataUpdatedAt])
  const stands = standing(state, published)
  useEffect(() => {
    if (stands === 'follow' && published) edit.follow(published)
  }, [stands, published, edit])
  const check = useTopologyCheck(state.text, published?.version)
  const reading = useMemo(() => readDocument(state.text), [state.text])
  const problems = useMemo(() => problemsOf(check.checked), [check.checked])
  const parts = useMemo(() => partsOf(reading.value), [reading])
  return {
    ...{ edit, state, published, publication, stands, check, reading, problems, parts },
    schema: schema.data?.schema as OptionSchema | undefined,
    store: got.data?.store,
    hint: got.data?.hint,
    error: got.error ?? schema.error,
    isLoading: (got.data === undefined && got.error === null) || (schema.data === undefined && schema.error === null),
    isChanged: state.text !== state.base.text,
  }
}

export type TopologyEditing = ReturnType<typeof useTopologyEditing>

type Chosen = {
  pointer: string
  /** The document that the pointer leads into; undefined where it is the one of this moment. */
  value: Record<string, unknown> | undefined
  /** Why no form is open any more. */
  told: string
  /** Another one with each part that somebody chooses, and the same where that part only comes to stand elsewhere. */
  choice: number
}

/** The part whose form is open. It stays that part where the document becomes another one, and is none where that has it no more. */
export function useChosenPart({ reading, schema, state }: TopologyEditing) {
  const [chosen, setChosen] = useState<Chosen>({ pointer: '', value: undefined, told: '', choice: 0 })
  const choose = useCallback(
    (next: string) =>
      setChosen(({ pointer, choice }) => ({
        ...{ pointer: next, value: undefined, told: '' },
        choice: next === pointer ? choice : choice + 1,
      })),
    [],
  )
  const { pointer, value } = chosen
  const now = reading.value
  // Before anything is drawn, so that no form shows another part. A text that is torn for a moment says nothing.
  if (now !== undefined && schema !== undefined && now !== value) {
    const place = value === undefined ? pointer : carriedPointer(schema, value, now, pointer, !state.isTaken)
    const isThere = place !== undefined && (place === '' || valueAt(now, stepsOf(place)) !== undefined)
    const told =
      isThere || value === undefined ? chosen.told : `${nameIn(value, pointer)} is no longer there: its form is closed.`
    setChosen({ ...chosen, pointer: isThere ? place : '', value: now, told })
  }
  return { selected: now === undefined ? '' : pointer, choice: chosen.choice, choose, told: chosen.told }
}

function nameIn(value: unknown, pointer: string): string {
  const part = partAt(partsOf(value), pointer)
  return part === undefined ? 'That part' : `${part.kind} ${part.name}`.trim()
}

type Published = { text: string; note: string; base: Base; restores?: number | undefined }

/** The page goes on from what was published, without a moment in which it has the version before. */
export async function rememberPublished(
  author: string,
  { version, mark, changed }: Result<'topology.publish'>,
  { text, note, base, restores }: Published,
): Promise<void> {
  const queryKey = ['topology.get', {}]
  // What is on its way may be of before.
  await queryClient.cancelQueries({ queryKey, exact: true })
  if (changed)
    queryClient.setQueryData<Result<'topology.get'>>(queryKey, {
      store: 'there',
      publication: {
        ...{ version, mark, text, author, note, basedOn: base.version, restores: restores ?? null },
        // What only the store knows is read next.
        ...{ role: '', at: new Date().toISOString() },
      },
    })
  // Somebody else may have published it.
  else await queryClient.refetchQueries({ queryKey, exact: true })
}

/** What forms do to the document; each is one step of Undo. */
export function formActions(
  edit: TopologyEdit,
  schema: OptionSchema,
  open: (pointer: string) => void,
  tell: (words: string) => void,
) {
  const text = () => edit.state.get().text
  const value = () => readDocument(text()).value
  return {
    set: (steps: Steps, next: unknown) => edit.set(withValue(text(), steps, next), pointerOf(steps)),
    unset: (steps: Steps) => edit.set(withoutValue(text(), steps, schema), pointerOf(steps)),
    add(steps: Steps, isList: boolean): void {
      const part = newPart(value(), steps)
      const length = isList ? ((valueAt(value(), steps) as unknown[] | undefined)?.length ?? 0) : 0
      edit.set(isList ? withItem(text(), steps, part) : withValue(text(), steps, part))
      const pointer = pointerOf(isList ? [...steps, length] : steps)
      // Rows without a name stand in the form that is open.
      if (partsOf(value()).some(one => one.pointer === pointer)) open(pointer)
      tell(`Added ${String(part.fqdn ?? part.name ?? part.host ?? steps.at(-1))}.`)
    },
    remove(steps: Steps, name: string): void {
      const parts = partsOf(value())
      const pointer = pointerOf(steps)
      const isPart = parts.some(one => one.pointer === pointer)
      edit.set(withoutValue(text(), steps, schema))
      if (isPart) open(partAround(parts, pointer.slice(0, pointer.lastIndexOf('/')))?.pointer ?? '')
      tell(`Removed ${name}. Undo brings it back.`)
    },
  }
}
