import { emoticonLabel, splitEmoticons } from './emoticon.ts'
import { splitLinks } from './links.ts'

// The part of the Markdown tree (mdast) that is touched here.
type Node = {
  type: string
  value?: string
  url?: string
  alt?: string | null
  children?: Node[]
  data?: Record<string, unknown>
}

/** What a message may become: no headings, images or raw HTML in a stream. */
export const markdownElements = [
  ...['p', 'strong', 'em', 'del', 'code', 'pre', 'a', 'ul', 'ol', 'li', 'br', 'blockquote', 'emoticon'],
  ...['table', 'thead', 'tbody', 'tr', 'th', 'td'],
]

/** Addresses of rooms, which Markdown does not know; those of the web it has found itself. */
function linkedNodes(text: string): Node[] {
  return splitLinks(text).flatMap(part => {
    if (typeof part === 'string') return textNodes(part)
    if (!part.href.startsWith('ma-chan:')) return textNodes(part.href)
    return [{ type: 'link', url: part.href, children: [{ type: 'text', value: part.href }] }]
  })
}

function textNodes(text: string): Node[] {
  // A line break of the writer is a line break of the reader, as in every chat.
  return text.split('\n').flatMap((line, index) => [
    ...(index === 0 ? [] : [{ type: 'break' }]),
    ...splitEmoticons(line).map(part =>
      typeof part === 'string'
        ? { type: 'text', value: part }
        : {
            type: 'emoticon',
            data: { hName: 'emoticon', hProperties: { title: emoticonLabel(part) } },
            children: [{ type: 'text', value: part.picture }],
          },
    ),
  ])
}

/** What the subset leaves out becomes the nearest thing that it has, so that no word of a message vanishes. */
function inSubset(node: Node, isLink = false): Node[] {
  const children = node.children?.flatMap(child => inSubset(child, isLink || node.type === 'link'))
  switch (node.type) {
    case 'text':
      return (isLink ? textNodes : linkedNodes)(node.value ?? '')
    case 'html':
      return [{ type: 'text', value: node.value ?? '' }]
    case 'heading':
      return [{ type: 'paragraph', children: [{ type: 'strong', children: children ?? [] }] }]
    case 'image':
      return [{ type: 'link', url: node.url ?? '', children: [{ type: 'text', value: node.alt || node.url || '' }] }]
    default:
      return [children === undefined ? node : { ...node, children }]
  }
}

/** A remark plugin that keeps a message within the subset and puts emoticons in, but never inside code. */
export function remarkChat(): (tree: Node) => Node {
  return tree => ({ ...tree, children: tree.children?.flatMap(child => inSubset(child)) ?? [] })
}
