import { Link, makeStyles, tokens } from '@fluentui/react-components'
import { ArrowDownloadRegular, DocumentRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { FileRef } from '../../../src/protocol/file.ts'
import { fileAddress, sizeWords } from '../app/file-words.ts'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', alignItems: 'flex-start', gap: tokens.spacingVerticalXS },
  picture: {
    display: 'block',
    maxWidth: '100%',
    height: 'auto',
    borderRadius: tokens.borderRadiusMedium,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground3,
  },
  line: {
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    columnGap: tokens.spacingHorizontalS,
    maxWidth: '100%',
  },
  icon: { fontSize: '20px', display: 'inline-flex', color: tokens.colorNeutralForeground2 },
  name: { overflowWrap: 'anywhere' },
  size: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
})

/** A file that a message brings: what can be seen of it, its name, its size, and the way to have it. */
export function FileLine({ file }: { file: FileRef }) {
  const styles = useStyles()
  const [isGone, setGone] = useState(false)
  const { preview } = file
  return (
    <div className={styles.root}>
      {preview === undefined || isGone ? null : (
        <a href={fileAddress(file.id)} target="_blank" rel="noreferrer">
          {/* Both lengths are known before it comes, so that nothing below it moves. */}
          <img
            className={styles.picture}
            src={fileAddress(file.id, 'preview')}
            width={preview.width}
            height={preview.height}
            alt={`Preview of ${file.name}`}
            loading="lazy"
            onError={() => setGone(true)}
          />
        </a>
      )}
      <div className={styles.line}>
        <span className={styles.icon} aria-hidden>
          <DocumentRegular />
        </span>
        <Link className={styles.name} href={fileAddress(file.id, 'download')} download={file.name}>
          {file.name} <ArrowDownloadRegular aria-label="Download" />
        </Link>
        <span className={styles.size}>{sizeWords(file.size)}</span>
      </div>
    </div>
  )
}
