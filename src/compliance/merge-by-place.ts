/** Where something stands in the pool: the number of a message in a room. */
export type Placed = { room: string; seq: number }

/** What several sources have of one place, one list a source. */
export type AtPlace<A, B, C> = Placed & { a: A[]; b: B[]; c: C[] }

/** Reads three sources that are each in the order of places side by side, holding one place of each at a time. */
export async function* mergeByPlace<A extends Placed, B extends Placed, C extends Placed>(
  a: AsyncIterator<A>,
  b: AsyncIterator<B>,
  c: AsyncIterator<C>,
): AsyncGenerator<AtPlace<A, B, C>> {
  const heads = [await a.next(), await b.next(), await c.next()] as [
    IteratorResult<A>,
    IteratorResult<B>,
    IteratorResult<C>,
  ]
  for (;;) {
    const first = heads
      .flatMap(head => (head.done ? [] : [head.value as Placed]))
      .reduce<Placed | undefined>((least, one) => (least && comparePlaces(least, one) <= 0 ? least : one), undefined)
    if (!first) return
    const { room, seq } = first
    const here = { room, seq, a: [] as A[], b: [] as B[], c: [] as C[] }
    for (; isAt(heads[0], first); heads[0] = await a.next()) here.a.push(heads[0].value as A)
    for (; isAt(heads[1], first); heads[1] = await b.next()) here.b.push(heads[1].value as B)
    for (; isAt(heads[2], first); heads[2] = await c.next()) here.c.push(heads[2].value as C)
    yield here
  }
}

function isAt(head: IteratorResult<Placed>, place: Placed): boolean {
  return !head.done && comparePlaces(head.value, place) === 0
}

/** As the store orders them: ids byte by byte. */
export function comparePlaces(one: Placed, other: Placed): number {
  if (one.room !== other.room) return one.room < other.room ? -1 : 1
  return one.seq - other.seq
}
