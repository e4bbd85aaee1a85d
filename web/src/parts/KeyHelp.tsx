import { makeStyles, tokens } from '@fluentui/react-components'
import { shortcutWords } from '../app/shortcuts.ts'
import { ModalFrame } from './ModalFrame.tsx'

const useStyles = makeStyles({
  table: { borderSpacing: `${tokens.spacingHorizontalM} ${tokens.spacingVerticalXS}` },
  keys: {
    textAlign: 'start',
    fontFamily: tokens.fontFamilyMonospace,
    fontWeight: tokens.fontWeightRegular,
    whiteSpace: 'nowrap',
  },
})

export function KeyHelp({ onClose }: { onClose: () => void }) {
  const styles = useStyles()
  return (
    <ModalFrame title="Keyboard" onClose={onClose}>
      <table className={styles.table}>
        <tbody>
          {shortcutWords.map(([keys, act]) => (
            <tr key={keys}>
              <th scope="row" className={styles.keys}>
                {keys}
              </th>
              <td>{act}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ModalFrame>
  )
}
