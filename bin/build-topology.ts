import { pictureLines } from '../src/cli/topology-picture.ts'
import { planLines, serverTable, verbLines } from '../src/cli/topology-plan.ts'
import { diffLines, findingLines, verdict } from '../src/cli/topology-verbs.ts'
import { changeRules } from '../src/topology/change.ts'
import { checkTopology, locate, rules } from '../src/topology/check.ts'
import { diffTopologies } from '../src/topology/diff.ts'
import { type Edition, exampleDocument } from '../src/topology/example.ts'
import { type OptionLine, optionLines } from '../src/topology/option-list.ts'
import { planServer, planServers } from '../src/topology/plan.ts'
import { publishedSchema } from '../src/topology/published.ts'
import { type Read, readTopology } from '../src/topology/read.ts'
import type { Topology } from '../src/topology/schema.ts'

/** docs/topology.schema.json and docs/topology.md, from src/topology; written by bin/build-docs.ts. */

export function schemaDocument(): string {
  return `${JSON.stringify(publishedSchema(), null, 2)}\n`
}

function example(edition: Edition): Topology {
  const read = readTopology(exampleDocument(edition))
  if ('faults' in read) throw new Error(read.faults[0]!.message)
  return read.topology
}

function block(kind: string, body: string): string {
  return `\`\`\`${kind}\n${body.trimEnd()}\n\`\`\``
}

function planned(edition: Edition, fqdn: string): string {
  return planLines(planServer(example(edition), fqdn)!).join('\n')
}

function shown(edition: Edition): string {
  const topology = example(edition)
  const plans = planServers(topology)
  return [...pictureLines(topology), ...serverTable(plans), ...verbLines(plans)].join('\n')
}

/** Both as the document's own commands make them of the example. */
function readExample(change: (text: string) => string): Read {
  const read = readTopology(change(exampleDocument('enterprise-edition')))
  if ('faults' in read) throw new Error(read.faults[0]!.message)
  return read
}

function wrongSaid(): string {
  const { topology, places } = readExample(text =>
    text.replace('concurrent: 20000', 'concurrent: 90000').replace('fqdn: chat2.example.com', 'fqdn: fe1.example.com'),
  )
  const findings = locate(checkTopology(topology), places)
  return [...findingLines('wrong.yaml', findings), verdict(findings), 'exit code 1'].join('\n')
}

function changeSaid(): string {
  const { topology } = readExample(text =>
    text
      .replace('standby: true', 'standby: false')
      .replace('- fqdn: chat2.example.com', '$&\n        standby: true')
      .replace('displayName: Main rooms', '$&\n    logLevel: debug')
      .replace('- fqdn: chat3.example.com', '- fqdn: chat4.example.com\n        standby: true\n      $&'),
  )
  const differences = diffTopologies(example('enterprise-edition'), topology)
  return ['It is sound. Nothing to remark.', ...diffLines(differences), 'exit code 3'].join('\n')
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')

function optionRow({ name, type, otherwise, isRequired, sentence, change, verb }: OptionLine): string {
  const preset = isRequired ? 'needed' : otherwise === undefined ? '' : `\`${otherwise}\``
  return `| \`${name}\` | ${cell(type)} | ${preset} | ${cell(sentence)} | ${verb ? `\`${verb}\`` : change === 'running' ? 'runs on' : 'restart'} |`
}

function ruleRow({ id, level, text }: { id: string; level: string; text: string }): string {
  return `| ${id} | ${level} | ${cell(text)} |`
}

export function topologyDocument(): string {
  return `<!-- Written by bin/build-topology.ts from src/topology. Change that, then: npm run docs -->

# The topology

One document says what runs where: sites, Enterprise Edition pools with their Front End Servers, Standard Edition servers, Persistent
Chat pools with their servers, stores, files and addresses. \`pchat topology\` writes one to begin with, finds what is wrong with it, draws
it, compares two, and says for each machine what runs there and how it is started. It needs no server and no network, and changes nothing.

The document is YAML or JSON, one file. What it leaves out has the default of the table below. Secrets never stand in it: a password is
\`env:NAME\` or \`file:/path\`, read on the machine that needs it.

## One machine

Standard Edition is everything on one machine with its own database, without high availability. As it stands here it is what \`npm start\`
starts; \`--fqdn chat.example.com\` writes one that other machines reach.

${block(
  'sh one-machine',
  `pchat topology new standard-edition > topology.yaml
pchat topology validate topology.yaml
pchat topology plan topology.yaml`,
)}

The document, and what the last command says of it:

${block('yaml standard-edition', exampleDocument('standard-edition'))}

${block('text one-machine-plan', planned('standard-edition', 'localhost'))}

## A pool

In Enterprise Edition people sign in at Front End Servers, on which the two web services run, too; Persistent Chat Servers are machines of
their own. A pool has up to four active servers and up to eight with those on stand-by; the machines of its next hop are none of them. Store,
archive of compliance, NATS and files are beside them. How clients find their way is in [roles](roles.md).

${block(
  'sh pool',
  `pchat topology new enterprise-edition --fqdn chat.example.com > topology.yaml
pchat topology validate topology.yaml
pchat topology show topology.yaml`,
)}

${block('text pool-picture', shown('enterprise-edition'))}

Boxes are pools with the ports that their servers listen on; a line leads to what they talk to. Two things are not done by publishing:
who of the servers takes sessions, and whether recording is on. The commands under the table say them to the pool: once when it runs, and
again where the document changes there.

What two of these machines run, how they are started, and whom they have to reach (for firewalls):

${block('sh pool-plan', 'pchat topology plan topology.yaml --server chat1.example.com')}

${block('text pool-plan-said', planned('enterprise-edition', 'chat1.example.com'))}

${block('sh front-end-plan', 'pchat topology plan topology.yaml --server fe1.example.com')}

${block('text front-end-plan-said', planned('enterprise-edition', 'fe1.example.com'))}

With \`--json\` the same is there for programs, the words behind \`pchat start\` one by one in \`arguments\`. The command holds no password:
\`secrets\` says which address gets which one. A Front End Server is started with \`--role front-end\`, without the archive; a machine of the
pool with \`--role persistent-chat\`, and with the archive where compliance is wanted.

## What is wrong, all at once

What cannot be read (unknown or missing options, wrong types, options that stand twice, secrets in the clear) and what breaks a rule is told
with line and column, reason and mend. Errors say that nothing is made of the document; advice stops nothing.

${block(
  'sh wrong',
  `sed -e 's/concurrent: 20000/concurrent: 90000/' -e 's/fqdn: chat2.example.com/fqdn: fe1.example.com/' topology.yaml > wrong.yaml
pchat topology validate wrong.yaml || echo "exit code $?"`,
)}

${block('text wrong-said', wrongSaid())}

## Before a change

\`diff\` says what differs, part by part, and what it asks of the servers: those that are started otherwise than before are started anew, those
for which there is something new start it, those that nothing is left for are drained and stop. Where one of several processes of a machine
is meant, its name stands in brackets. What a command says to servers that run is to be said by it: publishing alone does not say it. Here two
servers change places, a fourth one comes, on stand-by, and the log says more.

${block(
  'sh change',
  `sed -e 's/standby: true/standby: false/' -e 's/displayName: Main rooms/&\\n    logLevel: debug/' \\
  -e 's/- fqdn: chat2.example.com/&\\n        standby: true/' \\
  -e 's/- fqdn: chat3.example.com/- fqdn: chat4.example.com\\n        standby: true\\n      &/' topology.yaml > next.yaml
pchat topology validate next.yaml
pchat topology diff topology.yaml next.yaml || echo "exit code $?"`,
)}

${block('text change-said', changeSaid())}

Two rules are of a change: ${changeRules.map(({ id }) => id).join(' and ')} in the table below. \`diff\` ends with 3 where documents differ, with 1 where the change
is not to be made.

## In editors and in scripts

${block(
  'sh schema',
  `pchat topology schema > topology.schema.json
pchat topology validate topology.yaml --json > findings.json`,
)}

\`topology.schema.json\` is [the same as here](topology.schema.json). An editor that knows JSON Schema completes and checks a document that
begins with \`# yaml-language-server: $schema=topology.schema.json\`. The exit code of \`validate\` is 0 where there is no error.

## Rules

| rule | | |
| --- | --- | --- |
${[...rules, ...changeRules].map(ruleRow).join('\n')}

## Options

"Restart" says that servers which run are started anew for a change of it: those whose start it is part of, as \`diff\` names them. A command
says that servers which run are told by it, and by nothing else. "Runs on" says that no server asks for it: rules, picture and plans do.

| option | type | default | | change |
| --- | --- | --- | --- | --- |
${optionLines().map(optionRow).join('\n')}
`
}
