import { isTest, type Source } from './source.ts'

/** A rule of SPEC.md stands in a line of its own: `- **AC1** sentence`. */
export type Rule = { id: string; line: number }
/** The rule that a test's name begins with: `test('[AC1] …')`, several as `[AC1] [AC2]`. */
export type Citation = { id: string; where: string }

const ruleLine = /^\s*[-*]\s+\*\*([A-Z]{2}\d+)\*\*/
/** Any string that begins with a rule and is the first argument of a call: test, it, describe, with or without each. */
const citing = /\(\s*(['"`])((?:\[[A-Z]{2}\d+\]\s*)+)/g

export function rulesOf(spec: string): Rule[] {
  return spec.split('\n').flatMap((text, index) => {
    const id = ruleLine.exec(text)?.[1]
    return id === undefined ? [] : [{ id, line: index + 1 }]
  })
}

export function citationsOf(sources: Source[]): Citation[] {
  return sources
    .filter(({ path }) => isTest(path))
    .flatMap(({ path, text }) =>
      [...text.matchAll(citing)]
        // What never runs proves nothing.
        .filter(({ index }) => !/\.(?:skip|todo)$/.test(text.slice(Math.max(0, index - 5), index)))
        .flatMap(({ index, 2: ids }) => {
          const line = text.slice(0, index).split('\n').length
          return [...ids!.matchAll(/[A-Z]{2}\d+/g)].map(([id]) => ({ id, where: `${path}:${line}` }))
        }),
    )
}

export type Comparison = { withoutTest: string[]; unknown: string[]; twice: string[] }

export function compare(rules: Rule[], citations: Citation[]): Comparison {
  const cited = new Set(citations.map(({ id }) => id))
  const known = new Map<string, Rule>()
  const twice: string[] = []
  for (const rule of rules) {
    const first = known.get(rule.id)
    if (first) twice.push(`${rule.id}: lines ${first.line} and ${rule.line} of SPEC.md`)
    else known.set(rule.id, rule)
  }
  return {
    withoutTest: [...known.values()]
      .filter(({ id }) => !cited.has(id))
      .map(({ id, line }) => `${id} (SPEC.md:${line}) has no test`),
    unknown: [...Map.groupBy(citations, ({ id }) => id)]
      .filter(([id]) => !known.has(id))
      .map(([id, where]) => `${id} is not in SPEC.md and cited by ${where.map(each => each.where).join(', ')}`)
      .sort(),
    twice,
  }
}
