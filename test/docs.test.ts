import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { documents, errorsDocument, protocolDocument, repositoryPath } from '../bin/build-docs.ts'
import { closeCodes, errorCodes } from '../src/protocol/error.ts'
import { events } from '../src/protocol/event.ts'
import { verbs } from '../src/protocol/request.ts'

describe('generated documents', () => {
  test.each(Object.entries(documents))('[PK21] %s is up to date; else run: npm run docs', (path, build) => {
    expect(readFileSync(repositoryPath(path), 'utf8')).toBe(build())
  })

  test('[PK21] every verb, event, code and close code is described', () => {
    const protocol = protocolDocument()
    for (const name of [...Object.keys(verbs), ...Object.keys(events)]) expect(protocol).toContain(`\n### ${name}\n`)
    const errors = errorsDocument()
    for (const [code, { status }] of Object.entries(errorCodes)) expect(errors).toContain(`| \`${code}\` | ${status} |`)
    for (const code of Object.values(closeCodes)) expect(errors).toContain(`| ${code} |`)
  })

  test('[PK21] links to shapes lead somewhere', () => {
    const protocol = protocolDocument()
    const headings = new Set([...protocol.matchAll(/^### (\S+)$/gm)].map(([, name]) => name!.toLowerCase()))
    const links = [...protocol.matchAll(/\]\(#([^)]+)\)/g)].map(([, target]) => target!)
    expect(links.length).toBeGreaterThan(10)
    expect(links.filter(target => !headings.has(target))).toEqual([])
    expect(protocol).not.toContain('undefined')
  })
})
