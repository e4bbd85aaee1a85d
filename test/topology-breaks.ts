import { expect, test } from 'vitest'
import { checkTopology, locate, rules } from '../src/topology/check.ts'
import type { Rule } from '../src/topology/rule.ts'
import { readWritten, topologyOf, type Written } from './topology-document.ts'

const seen = new Set<string>()

/** A document that was sound and has this one change breaks only the rule that the name begins with. */
export function breaks(name: string, base: () => Written, change: (document: Written) => void, path: RegExp): void {
  const id = /^\[(\w+)\]/.exec(name)![1]!
  seen.add(id)
  test(name, () => {
    expect(checkTopology(topologyOf(base()))).toEqual([])
    const document = base()
    change(document)
    const { topology, places } = readWritten(document)
    const findings = locate(checkTopology(topology), places)
    expect([...new Set(findings.map(({ rule }) => rule))], JSON.stringify(findings, null, 2)).toEqual([id])
    for (const { path: at, reason, mend, message, level, line } of findings) {
      expect(at).toMatch(path)
      expect(level).toBe(rules.find(one => one.id === id)!.level)
      expect(reason).toMatch(/^\S.*\.$/)
      expect(mend).toMatch(/^[A-Z].*\.$/)
      expect(message).toBe(`${reason} ${mend}`)
      expect(line).toBeGreaterThan(1)
    }
  })
}

/** A document that is sound with this change, whatever advice there is. */
export function allows(name: string, base: () => Written, change: (document: Written) => void = () => {}): void {
  test(name, () => {
    const document = base()
    change(document)
    const errors = checkTopology(topologyOf(document)).filter(({ level }) => level === 'error')
    expect(errors).toEqual([])
  })
}

/** To be called once all documents of these rules are named. */
export function everyRuleBreaks(these: Rule[]): void {
  test('[TR59] each of these rules has a document that breaks only it', () => {
    expect(these.map(({ id }) => id).filter(id => !seen.has(id))).toEqual([])
  })
}
