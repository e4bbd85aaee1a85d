import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  makeStyles,
  tokens,
} from '@fluentui/react-components'
import { shortcutWords } from '../app/shortcuts.ts'

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
    <Dialog
      open
      onOpenChange={(_, { open }) => {
        if (!open) onClose()
      }}
    >
      <DialogSurface>
        <DialogBody>
          <DialogTitle>Keyboard</DialogTitle>
          <DialogContent>
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
          </DialogContent>
          <DialogActions>
            <Button onClick={onClose}>Close</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  )
}
