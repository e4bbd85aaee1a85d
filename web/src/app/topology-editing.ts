import { useEffect, useMemo, useState } from 'react'
import { useChat } from './chat.ts'
import { forget, useLiveVerb, useVerb } from './query.ts'
import { useStore } from './store.ts'
import { problemsOf, useTopologyCheck } from './topology-check.ts'
import { readDocument, withItem, withoutValue, withValue } from './topology-document.ts'
import { type Base, createTopologyEdit, nothing, standing, type TopologyEdit } from './topology-edit.ts'
import { newPart, partAround, partsOf } from './topology-parts.ts'
import { type OptionSchema, pointerOf, type Steps, valueAt } from './topology-schema.ts'

/** How often the page looks whether somebody else has published. */
const everyMs = 10_000

/** A topology while it is edited, beside what is published of it. */
export function useTopologyEditing() {
  const { me } = useChat()
  const [edit] = useState(() => createTopologyEdit(me.id))
  const state = useStore(edit.state)
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
  // The head is small, and the text is read anew only where it is another one.
  const newest = head.data?.publications[0]?.mark
  useEffect(() => {
    if (newest !== undefined && newest !== publication?.mark) forget('topology.get')
  }, [newest, publication?.mark])
  const stands = standing(state, published)
  useEffect(() => {
    if (stands === 'follow' && published) edit.take(published)
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
