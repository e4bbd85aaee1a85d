import { harmless } from './table.ts'

/** One page without script that loads nothing: what was done, for who asks later. */
export function htmlReport(title: string, parts: { heading: string; table: string[][] }[]): string {
  const body = parts
    .filter(({ table }) => table.length > 1)
    .map(({ heading, table: [head = [], ...rows] }) =>
      [
        `<h2>${harmlessHtml(heading)}</h2>`,
        '<table>',
        `<thead><tr>${head.map(text => `<th scope="col">${harmlessHtml(text)}</th>`).join('')}</tr></thead>`,
        `<tbody>${rows.map(row => `<tr>${row.map(text => `<td>${harmlessHtml(text)}</td>`).join('')}</tr>`).join('\n')}</tbody>`,
        '</table>',
      ].join('\n'),
    )
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${harmlessHtml(title)}</title>
<style>
:root { color-scheme: light dark; font-family: system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid; padding: 0.25rem 1rem 0.25rem 0; text-align: start; vertical-align: top; }
</style>
</head>
<body>
<main>
<h1>${harmlessHtml(title)}</h1>
${body.join('\n')}
</main>
</body>
</html>
`
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function harmlessHtml(text: string): string {
  return harmless(text).replace(/[&<>"']/g, char => entities[char]!)
}
