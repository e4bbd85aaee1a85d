type EmoticonProps = { picture: string; label: string }

export function Emoticon({ picture, label }: EmoticonProps) {
  return (
    <span role="img" aria-label={label} title={label}>
      {picture}
    </span>
  )
}
