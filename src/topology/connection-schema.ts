import Type, { type Static } from 'typebox'
import { oneOf, part, restart, type Words } from './option.ts'
import { file, host, port, secret } from './text.ts'

/** What machines reach others by, and are reached by: certificates, databases, NATS, file stores. */

export const certificate = part(restart("The machine's certificate", {}), {
  from: oneOf(
    restart(
      'files: they are there; authority: the Bootstrapper makes them; self-signed: the server makes one; none: HTTP, on a loopback address only',
      'files',
    ),
    ['files', 'authority', 'self-signed', 'none'],
  ),
  certFile: file(restart('Certificate, PEM, with its chain', '/etc/pchat/tls/server.pem')),
  keyFile: file(restart('Private key of the certificate, PEM', '/etc/pchat/tls/server.key')),
})

const names = '^[A-Za-z_][A-Za-z0-9_-]{0,62}$'

const databaseHost = part(restart('One host of a database'), {
  host: host(restart('Name or IP address')),
  port: port(restart('Where PostgreSQL listens', 5432)),
})

/** One database: a PostgreSQL, or a primary and its synchronous stand-by. */
export function database(words: Words, name: string) {
  return part(words, {
    hosts: Type.Array(databaseHost, {
      ...restart('PostgreSQL 15 or later; several: the primary and its stand-by, in any order'),
      minItems: 1,
      maxItems: 8,
    }),
    database: Type.String({ ...restart('Name of the database', name), pattern: names }),
    user: Type.String({ ...restart('Role that owns it', 'pchat'), pattern: names }),
    password: Type.Optional(secret(restart('Where its password stands: env:NAME or file:/path'))),
    tls: Type.Boolean(restart('Whether connections are encrypted and the name of the host is verified', true)),
    caFile: Type.Optional(
      file(
        restart('Certificate of the authority that the database is trusted by, PEM; without it, those of the system'),
      ),
    ),
  })
}
const anyDatabase = database(restart(''), '')
export type Database = Static<typeof anyDatabase>

const natsServer = part(restart('One server of NATS'), {
  host: host(restart('Name or IP address')),
  port: port(restart('Where NATS listens', 4222)),
})

export const nats = part(restart('NATS, over which the servers of the pool hear of each other'), {
  servers: Type.Array(natsServer, { ...restart('Servers of NATS'), minItems: 1, maxItems: 16 }),
  tls: Type.Boolean(restart('Whether connections are encrypted', true)),
  user: Type.Optional(
    Type.String({ ...restart('Who signs in there'), pattern: '^[^\\s:/\\p{Cc}\\p{Cs}]+$', maxLength: 100 }),
  ),
  password: Type.Optional(secret(restart('Where the password stands: env:NAME or file:/path'))),
})

/** Keys of a bucket never stand in the document: neither before a host, nor as parameters. */
const parameter = '(endpoint|region)=[^\\s&#\\p{Cc}\\p{Cs}]*'
const bucket = `s3://(?!\\S*(@|%40))[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\\s?#\\p{Cc}\\p{Cs}]*)?(\\?${parameter}(&${parameter})?)?`

export const fileStore = part(restart('Where uploaded files are kept; without it, in dataDir'), {
  place: Type.String({
    ...restart('A folder, or a bucket: s3://bucket/folder?endpoint=https://s3.example.com&region=eu-1'),
    pattern: `^(/[^\\p{Cc}\\p{Cs}]*|${bucket})$`,
    maxLength: 1_000,
  }),
  shared: Type.Boolean(restart('The folder is one and the same on all machines; a bucket always is', false)),
})
