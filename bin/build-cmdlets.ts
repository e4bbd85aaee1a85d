import { type Cmdlet, cmdlets, commonParameters, kebab } from '../src/cli/shell/cmdlets.ts'

/** docs/cmdlets.md, from the table of the shell; written by bin/build-docs.ts. */
export function cmdletsDocument(): string {
  return `<!-- Written by bin/build-docs.ts from src/cli/shell/cmdlets.ts. Change that, then: npm run docs -->

# From cmdlets to pchat

Every cmdlet of Persistent Chat in Lync Server 2013, each parameter of it, and what stands for it here. \`pchat help room set\` explains a
verb. What a cmdlet names by \`poolFqdn\\name\` is named by \`name\` or by its id. [walk-through-shell.md](walk-through-shell.md) goes from an empty
server to five hundred people.

- Lists: \`@{Add="a","b"}\` is \`--members-add a,b\`, \`@{Remove="a"}\` is \`--members-remove a\`, a whole list is \`--members a,b\`, \`$Null\` is
  \`--members-none\`. For the members of a room \`$Null\` meant everyone in the scope of the category: \`--members-all\`. A file with one name a
  line is \`@FILE\`.
- \`$True\` and \`$False\` are \`true\` and \`false\`; the option alone is \`true\`.
- Objects of the pipeline: \`get --json\` prints one, \`--instance FILE\` takes it (\`-\`: standard input).

| common parameter | here |
| --- | --- |
${Object.entries(commonParameters)
  .map(([name, text]) => `| \`-${name}\` | ${text} |`)
  .join('\n')}

${cmdlets.map(section).join('\n')}`
}

function section(cmdlet: Cmdlet): string {
  const { name, verb, reason, parameters } = cmdlet
  if (verb === undefined)
    return `## ${name}\n\nNone: ${reason}. Its parameters: ${parameters.map(one => `\`-${one}\``).join(' ')}\n`
  const rows = parameters.map(parameter => `| \`-${parameter}\` | ${here(cmdlet, parameter)} |`)
  return [`## ${name}`, '', `\`pchat ${verb}\``, '', '| parameter | option |', '| --- | --- |', ...rows, ''].join('\n')
}

function here({ other }: Cmdlet, parameter: string): string {
  const found = other?.[parameter]
  if (found && 'reason' in found) return `none: ${found.reason}`
  const option = found ? found.option : `--${kebab(parameter)}`
  return parameter === 'Identity' ? `\`${option}\`, or the word after the verb` : `\`${option}\``
}
