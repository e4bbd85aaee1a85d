import { Button, Divider, makeStyles, tokens } from '@fluentui/react-components'
import { useEffect, useState } from 'react'
import { http, type Provider } from '../app/http.ts'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalS },
})

/** Back to the place that was asked for. */
function beginAt({ name }: Provider): string {
  const next = `${location.pathname}${location.search}${location.hash}`
  return `/web/oidc/${name}/begin?next=${encodeURIComponent(next)}`
}

/** The ways in by way of the organisation; nothing where there are none. */
export function ProviderLinks() {
  const styles = useStyles()
  const [providers, setProviders] = useState<Provider[]>([])
  useEffect(() => {
    // Who cannot be told of them has the password, and what is wrong is said there.
    http.providers().then(setProviders, () => {})
  }, [])
  if (providers.length === 0) return null
  return (
    <nav className={styles.root} aria-label="Sign in with">
      {providers.map(provider => (
        <Button key={provider.name} as="a" href={beginAt(provider)} appearance="outline" size="large">
          {provider.title}
        </Button>
      ))}
      <Divider>or</Divider>
    </nav>
  )
}
