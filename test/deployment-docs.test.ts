import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { errorCodes } from '../src/protocol/error.ts'
import type { Walked } from './deployment/inside.ts'
import { openDocBlocks } from './doc-blocks.ts'
import { findWorld, namespaces } from './site/enter.ts'
import { root } from './source.ts'

const page = openDocBlocks('docs/deployment.md')
const inside = join(root, 'test/deployment/inside.ts')

/** Walks the page in a world of its own, which ends with this process. */
async function walk(edition: 'standard' | 'enterprise'): Promise<Walked[]> {
  const folder = await mkdtemp(join(tmpdir(), 'pchat-deployment-'))
  try {
    const world = await findWorld()
    const words = ['--pdeathsig', 'KILL', 'unshare', ...world, ...namespaces, process.execPath, inside, folder, edition]
    const child = spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, err] = ['', '']
    child.stdout.setEncoding('utf8').on('data', chunk => (out += chunk))
    child.stderr.setEncoding('utf8').on('data', chunk => (err += chunk))
    const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
    const walked = JSON.parse(out || '[]') as Walked[]
    expect(
      walked.filter(one => one.code !== 0).map(one => `${one.machine}, ${one.block}`),
      err,
    ).toEqual([])
    expect(code, err).toBe(0)
    // A warning of a library is nothing that an administrator can do something about.
    for (const { block, err } of walked) expect(err, block).not.toContain('DeprecationWarning')
    return walked
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const saidBy = (walked: Walked[], block: string, machine?: string) =>
  walked
    .filter(one => one.block === block && (machine === undefined || one.machine === machine))
    .map(one => one.out)
    .join('')

const seen = new Set<string>()

test('[DG1] [DG6] the page leads from a bare machine to a Standard Edition server that people use', async () => {
  const walked = await walk('standard')
  for (const { block } of walked) seen.add(block)
  expect(saidBy(walked, 'one-check')).toMatch(/ 0 errors\n/)
  expect(saidBy(walked, 'one-check')).not.toContain('There is something to mend.')
  expect(saidBy(walked, 'one-verify')).toMatch(/^\{"status":"ready","notes":\[\]\}[\s\S]* active [\s\S]* 0 errors$/m)
  expect(saidBy(walked, 'both-rooms')).toMatch(/^Members +Trading$/m)
  expect(saidBy(walked, 'one-test')).toMatch(/^Success/m)
  expect(saidBy(walked, 'twice')).toBe('')
  expect(saidBy(walked, 'one-restore')).toBe('{"status":"ready","notes":[]}')
}, 600_000)

test('[DG2] [DG6] [DG7] [DG8] the page leads from bare machines to an Enterprise Edition pool, which grows, shrinks, is backed up and removed', async () => {
  const walked = await walk('enterprise')
  for (const { block } of walked) seen.add(block)
  for (const name of ['fe1', 'chat1']) expect(saidBy(walked, 'each-check', name), name).toMatch(/ 0 errors\n/)
  expect(saidBy(walked, 'each-bootstrap').match(/Synthetic test: tried/g)).toHaveLength(3)
  expect(saidBy(walked, 'each-doctor').match(/ 0 errors$/gm)).toHaveLength(2)
  expect(saidBy(walked, 'desk-pool')).toMatch(
    /chat1\.example\.com +active[\s\S]*chat2\.example\.com +active[\s\S]*Recording: on/,
  )
  expect(saidBy(walked, 'desk-ready').match(/\{"status":"ready","notes":\[\]\}/g)).toHaveLength(5)
  expect(saidBy(walked, 'desk-test').match(/^Success/gm)).toHaveLength(3)
  expect(saidBy(walked, 'desk-verify')).toMatch(/^Sound: /m)
  expect(saidBy(walked, 'desk-change')).toMatch(/displayName +changed +Main rooms +All rooms/)
  expect(saidBy(walked, 'desk-drain')).toMatch(/chat2\.example\.com +stand-by[\s\S]*chat3\.example\.com +active/)
  expect(saidBy(walked, 'desk-forget')).not.toContain('chat2')
  expect(saidBy(walked, 'console')).toMatch(
    /"changed":true[\s\S]*admin@example\.com +.*console[\s\S]*topology wants a restart$/m,
  )
  const shown = saidBy(walked, 'desk-renewed')
  expect(shown).toMatch(/notAfter=[\s\S]*"status":"ready","notes":\[\]/)
  const issued = saidBy(walked, 'fingerprints').trim().split('\n')
  expect([issued.length, issued.filter(line => !shown.includes(line))]).toEqual([2, []])
  // All three databases are those of the backup, and the archive takes more, with the rights that it had.
  expect(saidBy(walked, 'db1-restore')).toMatch(/^pchat is that of pchat-2.*\npchat_central is that of pchat_central-2/)
  expect(saidBy(walked, 'db2-restore')).toMatch(/^pchat_compliance is that of pchat_compliance-2/)
  expect(saidBy(walked, 'desk-restored')).toMatch(
    /^missing: 0$[\s\S]*without chat2[\s\S]*^Recording: on$[\s\S]*^Sound: /m,
  )
  const [before, after] = saidBy(walked, 'archived').split(' ').map(Number)
  expect(after).toBeGreaterThan(before!)
  expect(saidBy(walked, 'twice')).toBe('')
  for (const block of ['chat1-upgrade', 'chat1-renew'])
    expect(saidBy(walked, block), block).toMatch(/Start: done[\s\S]*Synthetic test: tried/)
  // The archive is out of reach of those whom people reach.
  const brought = (name: string) => saidBy(walked, 'each-own', name)
  for (const secret of ['archive-key.pem', 'compliance.secret'])
    expect(['fe1', 'fe2', 'chat1'].map(name => brought(name).includes(secret))).toEqual([false, false, true])
  expect(saidBy(walked, 'desk-second')).toMatch(/It is sound[\s\S]*west1\.example\.com[\s\S]*fe1\.example\.com/)
}, 600_000)

test('[DG3] every command of the page is run', () => {
  expect(page.commands.filter(name => !seen.has(name))).toEqual([])
  // Blocks without a name, and lines that stand in as examples, are no commands.
  expect([...page.text.matchAll(/^```sh(?! \w)/gm)]).toEqual([])
})

test('[DG4] each point of the old checklist has its place or a reason, and what the page names is there', () => {
  const checklist = page.text.slice(page.text.indexOf('\n# The old checklist'))
  const points = [...checklist.matchAll(/^\| (?!---|the original)(.+?) \| (.+) \|$/gm)]
  expect(points.length).toBeGreaterThanOrEqual(34)
  expect(points.filter(([, , here]) => here!.trim().length < 4).map(([, point]) => point)).toEqual([])
  const anchor = (title: string) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-')
  const titles = [...page.text.matchAll(/^#+ (.+)$/gm)].map(([, title]) => anchor(title!))
  const own = [...page.text.matchAll(/\]\(#([^)]+)\)/g)].map(([, to]) => to!)
  expect(own.filter(to => !titles.includes(to))).toEqual([])
  for (const [, file, to] of page.text.matchAll(/\]\(([\w-]+\.md)(?:#([^)]+))?\)/g)) {
    const other = readFileSync(join(root, 'docs', file!), 'utf8')
    if (to === undefined) continue
    expect(
      [...other.matchAll(/^#+ (.+)$/gm)].map(([, title]) => anchor(title!)),
      `${file}#${to}`,
    ).toContain(to)
  }
})

test('[DG5] the figures of the plan are those that rules go by, and the codes that it explains are ours', async () => {
  const limits = await import('../src/topology/limits.ts')
  const capacity = page.text.slice(page.text.indexOf('\n## Capacity'), page.text.indexOf('\n## Machines and names'))
  for (const figure of [
    limits.usersPerServer,
    limits.usersPerSurvivor,
    limits.usersOfAll,
    limits.enabledUsers,
    limits.endpointsOfAll,
    limits.usersOnStandardEdition,
    limits.endpointsPerProcess,
  ])
    expect(capacity).toContain(`| ${figure.toLocaleString('en')} |`)
  expect(capacity).toContain(`| ${limits.maxActiveServers}; ${limits.maxServers} |`)
  const trouble = page.text.slice(
    page.text.indexOf('\n# When something is wrong'),
    page.text.indexOf('\n# The old checklist'),
  )
  const codes = [...trouble.matchAll(/^\| `(\w+)`/gm)].map(([, code]) => code!)
  expect(codes.length).toBeGreaterThan(4)
  expect(codes.filter(code => !Object.hasOwn(errorCodes, code))).toEqual([])
})
