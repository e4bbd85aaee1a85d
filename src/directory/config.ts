import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { parseDocument } from 'yaml'
import { LdapSource } from './ldap-config.ts'
import { OidcProvider } from './oidc-config.ts'
import { ScimClient } from './scim-config.ts'

/** Where people come from and how they sign in: the file of --directory-config, the same on every server of a pool. */
export const DirectoryConfig = Type.Object(
  {
    ldap: Type.Optional(Type.Array(LdapSource)),
    oidc: Type.Optional(Type.Array(OidcProvider)),
    scim: Type.Optional(Type.Array(ScimClient)),
    secondFactor: Type.Optional(
      Type.Union([Type.Literal('optional'), Type.Literal('administrators'), Type.Literal('everyone')], {
        description: 'Who needs a second factor beside a password that is kept here; default optional',
      }),
    ),
  },
  { additionalProperties: false },
)
export type DirectoryConfig = Static<typeof DirectoryConfig>

const compiled = Compile(DirectoryConfig)

/** Reads YAML or JSON. Answers the configuration, or every fault as a sentence with its place. */
export function readDirectoryConfig(text: string): DirectoryConfig | { faults: string[] } {
  const document = parseDocument(text)
  if (document.errors.length > 0) return { faults: document.errors.map(error => error.message) }
  const value: unknown = document.toJS() ?? {}
  if (!compiled.Check(value))
    return { faults: compiled.Errors(value).map(fault => `${fault.instancePath || '/'} ${fault.message}.`) }
  const names = [...(value.ldap ?? []), ...(value.oidc ?? []), ...(value.scim ?? [])].map(source => source.name)
  const twice = names.filter((name, i) => names.indexOf(name) !== i)
  if (twice.length > 0)
    return { faults: [...new Set(twice)].map(name => `Two sources are called ${name}. Rename one.`) }
  return value
}
