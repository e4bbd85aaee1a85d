/** Pages of the server's own, for a browser that comes from elsewhere. They hold no scripts and no styles: the policy allows none. */

export const stylePath = '/web/page.css'

/** The system's own colours, so that they are right in the dark and in high contrast too. */
export const style = `
body { margin: 0; background: Canvas; color: CanvasText; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 352px; margin: 10vh auto 0; padding: 24px; border: 1px solid GrayText; border-radius: 4px; }
h1 { margin: 0 0 16px; font-size: 28px; line-height: 36px; }
p { margin: 0 0 16px; }
p:last-child { margin: 0; }
a { color: LinkText; }
`

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => entities[character]!)
}

function page(title: string, head: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="${stylePath}">
<title>${escapeHtml(title)} · Persistent Chat</title>
${head}</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${body}
</main>
</body>
</html>
`
}

/**
 * Goes on by itself. The browser came here from another site, and then sends no Strict cookie: not on this request, nor where a
 * redirect answers it. From a page of ours it does.
 */
export function goOnPage(path: string): string {
  const to = escapeHtml(path)
  return page(
    'Signed in',
    `<meta http-equiv="refresh" content="0; url=${to}">\n`,
    `<p><a href="${to}">Go on to Persistent Chat</a></p>`,
  )
}

/** Why it did not work, in our words. */
export function faultPage(title: string, sentence: string): string {
  return page(title, '', `<p>${escapeHtml(sentence)}</p>\n<p><a href="/">Back to the sign-in page</a></p>`)
}
