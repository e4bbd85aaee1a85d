import { makeStyles, tokens } from '@fluentui/react-components'
import { memo } from 'react'
import Markdown, { type Components } from 'react-markdown'
import remarkGfm from 'remark-gfm'
import { safeHref } from '../app/links.ts'
import { markdownElements, remarkChat } from '../app/markdown.ts'
import { ChatLink } from './ChatLink.tsx'
import { Emoticon } from './Emoticon.tsx'

const useStyles = makeStyles({
  root: {
    overflowWrap: 'anywhere',
    '& p, & ul, & ol, & pre, & blockquote': { marginBlock: 0 },
    '& > * + *': { marginBlockStart: tokens.spacingVerticalXS },
    '& ul, & ol': { paddingInlineStart: '24px' },
    '& code': {
      fontFamily: tokens.fontFamilyMonospace,
      fontSize: '0.93em',
      // Or the other font's taller box would make the line a fraction of a pixel higher.
      lineHeight: 1,
      backgroundColor: tokens.colorNeutralBackground3,
      borderRadius: tokens.borderRadiusSmall,
      paddingInline: '3px',
    },
    '& pre': {
      backgroundColor: tokens.colorNeutralBackground3,
      borderRadius: tokens.borderRadiusMedium,
      padding: tokens.spacingVerticalS,
      overflowX: 'auto',
    },
    '& pre code': { backgroundColor: 'transparent', padding: 0, lineHeight: 'inherit' },
    '& blockquote': {
      marginInline: 0,
      paddingInlineStart: tokens.spacingHorizontalM,
      borderLeft: `3px solid ${tokens.colorNeutralStroke1}`,
      color: tokens.colorNeutralForeground2,
    },
  },
})

// `emoticon` is no HTML element: it only ever lives between remarkChat and here.
const components = {
  a: ({ href, children }) => <ChatLink href={href ?? ''}>{children}</ChatLink>,
  emoticon: ({ title, children }: { title?: string; children?: unknown }) => (
    <Emoticon picture={String(children)} label={title ?? ''} />
  ),
} as Components

const plugins = [remarkGfm, remarkChat]

/** The Markdown subset: no raw HTML, no images, and links only where they may go. */
export const MarkdownText = memo(function MarkdownText({ text }: { text: string }) {
  const styles = useStyles()
  return (
    <div className={styles.root}>
      <Markdown
        remarkPlugins={plugins}
        allowedElements={markdownElements}
        unwrapDisallowed
        skipHtml
        urlTransform={url => safeHref(url) ?? ''}
        components={components}
      >
        {text}
      </Markdown>
    </div>
  )
})
