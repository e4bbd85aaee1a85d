import { checkChange } from '../topology/change.ts'
import { checkTopology, locate } from '../topology/check.ts'
import { diffTopologies } from '../topology/diff.ts'
import { readTopology } from '../topology/read.ts'
import type { TopologyRules } from './topology-central-verbs.ts'
import { cutFindings, diffLines, faultLines, findingLines, moreLines } from './topology-verbs.ts'

/** What the Central Management Store asks of the document's own rules. */
export const topologyRules: TopologyRules = {
  check(document, name, published) {
    const read = readTopology(document)
    if ('faults' in read) return { errors: faultLines(name, read.faults), advice: [] }
    const before = published === undefined ? undefined : readTopology(published)
    // What this program cannot read any more says nothing about a change.
    const ofChange = before && 'topology' in before ? checkChange(before.topology, read.topology) : []
    const findings = locate([...checkTopology(read.topology), ...ofChange], read.places)
    const linesOf = (level: string) => {
      const [told, more] = cutFindings(findings.filter(one => one.level === level))
      return [...findingLines(name, told), ...moreLines(more)]
    }
    return { errors: linesOf('error'), advice: linesOf('advice') }
  },
  compare(before, after) {
    if (before === after) return []
    const [one, other] = [readTopology(before), readTopology(after)]
    if ('faults' in one || 'faults' in other) return ['What differs is not known: one of the two cannot be read here.']
    const differences = diffTopologies(one.topology, other.topology)
    return differences.length === 0 ? ['They say the same in other words.'] : diffLines(differences)
  },
}
