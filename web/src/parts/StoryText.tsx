import { Button, makeStyles, tokens } from '@fluentui/react-components'
import { ChevronDownRegular, ChevronRightRegular } from '@fluentui/react-icons'
import type { ReactNode } from 'react'
import { useStore } from '../app/store.ts'
import { openStories, toggleStory } from '../app/stories.ts'

const useStyles = makeStyles({
  root: {
    borderLeft: `2px solid ${tokens.colorBrandStroke1}`,
    paddingInlineStart: tokens.spacingHorizontalS,
    marginBlock: '2px',
  },
  title: {
    justifyContent: 'flex-start',
    textAlign: 'start',
    fontWeight: tokens.fontWeightSemibold,
    paddingInline: 0,
    minWidth: 0,
    overflowWrap: 'anywhere',
  },
})

type StoryTextProps = { storyKey: string; title: string; children: ReactNode }

/** A story folds to its title. */
export function StoryText({ storyKey, title, children }: StoryTextProps) {
  const styles = useStyles()
  const isOpen = useStore(openStories).has(storyKey)
  return (
    <div className={styles.root}>
      <Button
        appearance="transparent"
        className={styles.title}
        aria-expanded={isOpen}
        icon={isOpen ? <ChevronDownRegular /> : <ChevronRightRegular />}
        onClick={() => toggleStory(storyKey)}
      >
        {title}
      </Button>
      {isOpen ? <div>{children}</div> : null}
    </div>
  )
}
