import { makeStyles, tokens } from '@fluentui/react-components'
import { type Density, preferences } from './preferences.ts'
import { useStore } from './store.ts'

/** How each density sets a line of the stream. Terminal is one line a message where it fits. */
const useStyles = makeStyles({
  comfortable: { fontSize: tokens.fontSizeBase300, lineHeight: tokens.lineHeightBase300, paddingBlock: '3px' },
  compact: { fontSize: tokens.fontSizeBase300, lineHeight: tokens.lineHeightBase200, paddingBlock: '1px' },
  terminal: {
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase200,
    paddingBlock: 0,
    fontFamily: tokens.fontFamilyMonospace,
  },
})

export function useDensity(): { density: Density; className: string } {
  const { density } = useStore(preferences)
  return { density, className: useStyles()[density] }
}
