import { join } from './path.ts'
import { certificateNames, type DatabasePlan, type ProcessPlan, type ServerPlan } from './plan.ts'
import { poolsFileOf } from './pool-places.ts'
import { account, environmentFile, foldersOf, poolKeyFiles, targetName, unitFolder, unitName } from './unit.ts'
import { shellWord } from './unit-text.ts'

/** One step that makes a machine what the topology says. */
export type Step = {
  /** One word, its own in the list. */
  id: string
  title: string
  /** What is done: sentences, or commands and statements as they would be typed. */
  does: string[]
  /** How it is seen that it is done already, so that a second run leaves it out. */
  doneWhen: string
}

/** All that makes a bare machine serve, in order. Pure: nothing is looked at, nothing is done. */
export function stepsOf(plan: ServerPlan): Step[] {
  if (plan.processes.length === 0) return []
  return [
    accountStep(plan),
    foldersStep(plan),
    ...secretsStep(plan),
    ...certificateStep(plan),
    ...databasesOf(plan).map(databaseStep),
    ...migrationsStep(plan),
    poolsStep(plan),
    unitsStep(plan),
    ...standbyStep(plan),
    startStep(plan),
    ...embeddedStep(plan),
    healthStep(plan),
    ...recordingStep(plan),
    testStep(plan),
  ]
}

function accountStep({ processes }: ServerPlan): Step {
  // A disk that several machines mount knows owners by their numbers.
  const mounted = processes.filter(({ fileStore, peers }) => fileStore?.startsWith('/') && peers.some(isOurs))
  const places = [...new Set(mounted.map(({ fileStore }) => fileStore))].join(', ')
  return {
    id: 'account',
    title: 'System account',
    does: [
      `groupadd --system ${account}`,
      `useradd --system --gid ${account} --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin ${account}`,
      ...(places === ''
        ? []
        : [`With --uid and --gid (pchat bootstrap --uid), the same on all machines that mount ${places}.`]),
    ],
    doneWhen: `getent passwd ${account} knows it${places === '' ? '' : ', by the number that the other machines have'}`,
  }
}

const isOurs = ({ what }: ProcessPlan['peers'][number]) => /^(Persistent Chat|Front End) Server$/.test(what)

function foldersStep({ processes }: ServerPlan): Step {
  const own = [...new Set(processes.map(({ settings }) => settings.dataDir!))]
  const shared = [...new Set(processes.flatMap(foldersOf))].filter(one => !own.includes(one))
  return {
    id: 'folders',
    title: 'Folders',
    does: [
      'install -d -m 0755 -o root -g root /etc/pchat',
      ...own.map(folder => `install -d -m 0711 -o ${account} -g ${account} ${shellWord(folder)}`),
      ...shared.map(folder => `install -d -m 0750 -o ${account} -g ${account} ${shellWord(folder)}`),
    ],
    doneWhen: `each is a folder that ${account} owns`,
  }
}

/** Of all passwords, each once: env:NAME or file:/path. */
export const references = ({ processes }: ServerPlan) => [
  ...new Set(processes.flatMap(({ secrets }) => secrets.map(({ reference }) => reference))),
]

/** Files that a password stands in. */
export function passwordFilesOf(plan: ServerPlan): string[] {
  return references(plan).flatMap(one => (one.startsWith('file:') ? [one.slice('file:'.length)] : []))
}

/** Of {@link poolKeyFiles}, those of this machine. */
export function keyFilesOf({ processes }: ServerPlan): string[] {
  return [...new Set(processes.flatMap(({ settings }) => poolKeyFiles.flatMap(name => settings[name] ?? [])))]
}

/** Their contents are an administrator's to bring; what can be done is to see that they are there and closed. */
function secretsStep(plan: ServerPlan): Step[] {
  const { processes } = plan
  const files = [...passwordFilesOf(plan), ...keyFilesOf(plan)]
  const names = references(plan)
    .filter(one => one.startsWith('env:'))
    .map(one => one.slice('env:'.length))
  const directories = [...new Set(processes.flatMap(({ settings }) => settings.directoryConfig ?? []))]
  if (files.length + names.length + directories.length === 0) return []
  const shared = directories.length > 0 ? `; ${directories.join(', ')} by ${account}, too` : ''
  return [
    {
      id: 'secrets',
      title: 'Passwords and keys, which an administrator brings',
      does: [
        ...files.flatMap(file => [`chown root:root ${shellWord(file)}`, `chmod 0600 ${shellWord(file)}`]),
        ...directories.flatMap(file => [`chown root:${account} ${shellWord(file)}`, `chmod 0640 ${shellWord(file)}`]),
        ...(names.length > 0 ? [`${names.join(', ')} in ${environmentFile}, which root alone reads`] : []),
      ],
      doneWhen: `each is there, is not empty, and is read by root alone${shared}`,
    },
  ]
}

function certificateStep(plan: ServerPlan): Step[] {
  const { certificate, processes } = plan
  const { from, certFile, keyFile } = certificate
  const modes = [`chmod 0644 ${shellWord(certFile)}`, `chmod 0600 ${shellWord(keyFile)}`]
  const names = certificateNames(plan).join(', ')
  const seen = `${certFile} and ${keyFile} belong together, hold ${names}, and are valid for 14 days or more`
  const step = { id: 'certificate', title: 'Certificate' }
  if (from === 'none') return []
  if (from === 'self-signed')
    return [
      {
        ...step,
        does: ['The server makes one at its first start, and anew 30 days before it ends.'],
        doneWhen: `self-signed.pem is in ${processes.map(({ settings }) => settings.dataDir).join(', ')}`,
      },
    ]
  if (from === 'files')
    return [{ ...step, does: [`An administrator puts it into ${certFile} and ${keyFile}.`, ...modes], doneWhen: seen }]
  const made = `The authority of the topology makes one for ${names}, in ${certFile} and ${keyFile}.`
  return [{ ...step, does: [made, ...modes], doneWhen: `${seen}, and the authority has signed it` }]
}

/** `query`: how a connection is to be encrypted, as addresses have it, from the question mark on; empty where it is not. */
export type Named = DatabasePlan & { pool: string; query: string }

/** Where the address of a database stands among the settings of a process. */
export const settingOf = {
  PersistentChatStore: 'databaseUrl',
  'PersistentChatStore, backup': 'backupDatabaseUrl',
  PersistentChatComplianceStore: 'complianceDatabaseUrl',
} as const

/** Each once, whichever processes of the machine work on it; one of another site is filled by that site. */
export function databasesOf({ processes }: ServerPlan): Named[] {
  const all = processes.flatMap(({ pool, databases, settings }) =>
    databases.map(one => ({ ...one, pool, query: /\?.*$/.exec(settings[settingOf[one.what]] ?? '')?.[0] ?? '' })),
  )
  const own = all.filter(({ what, hosts }) => hosts.length > 0 && what !== 'PersistentChatStore, backup')
  const keyOf = ({ hosts, database }: Named) => `${hosts.join()}/${database}`
  return own.filter((one, i) => own.findIndex(other => keyOf(other) === keyOf(one)) === i)
}

function databaseStep(named: Named, i: number): Step {
  const { what, database, user, pool } = named
  return {
    id: `database-${i + 1}`,
    title: `${what} of ${pool}, once for all its servers`,
    does: databaseDoings(named),
    doneWhen:
      what === 'PersistentChatComplianceStore'
        ? `${user} signs in to ${database} from this machine, and its schema is the one that the program knows`
        : `${user} signs in to ${database} from this machine and owns it`,
  }
}

/** As an administrator of the database would type it. */
export function databaseDoings(named: Named): string[] {
  const { what, hosts, database, user } = named
  if (what === 'PersistentChatComplianceStore') return archiveDoings(named)
  return [
    `On the one of ${hosts.join(', ')} that takes writes, as its administrator:`,
    `CREATE ROLE "${user}" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;`,
    `\\password ${user}`,
    `CREATE DATABASE "${database}" OWNER "${user}" ENCODING 'UTF8' TEMPLATE template0;`,
    `REVOKE ALL ON DATABASE "${database}" FROM PUBLIC;`,
  ]
}

/** The service appends and can do nothing else: another role owns the archive. */
function archiveDoings({ hosts, database, user, query }: Named): string[] {
  const options = `--database ${database} --service ${user} --password-file FILE`
  const admin = shellWord(`postgres://postgres@${hosts[0]}/postgres${query}`)
  return [`pchat compliance prepare --admin-url ${admin} ${options}`]
}

function embeddedStep({ processes }: ServerPlan): Step[] {
  const own = processes.filter(({ databases }) => databases.some(({ hosts }) => hosts.length === 0))
  if (own.length === 0) return []
  const folders = own.map(({ settings }) => join(settings.dataDir!, 'postgres'))
  return [
    {
      id: 'database-embedded',
      title: 'Embedded database',
      does: ['The server makes its store, and the archive beside it, at its first start, and brings them up to date.'],
      doneWhen: `a database runs in ${folders.join(', ')}, with the schema that the program knows`,
    },
  ]
}

/** Of no secret, and no reason to start anew: a server looks at it while it runs. One that is left of other pools would have them believed. */
function poolsStep({ processes }: ServerPlan): Step {
  const told = processes.filter(({ pools }) => pools.length > 0)
  const alone = processes.filter(({ pools }) => pools.length === 0)
  const fileOf = ({ settings }: ProcessPlan) => poolsFileOf(settings.dataDir!)
  return {
    id: 'pools',
    title: 'The other pools',
    does: [
      ...told.map(one => {
        const names = one.pools.map(({ displayName }) => displayName).join(', ')
        return `Written: ${fileOf(one)}, which servers follow while they run, with ${names}`
      }),
      ...alone.map(one => `rm -f ${shellWord(fileOf(one))}, since the topology has no other pool`),
    ],
    doneWhen: told.length > 0 ? `each holds the pools of the topology, and ${account} reads it` : 'it is not there',
  }
}

function unitsStep({ fqdn, processes }: ServerPlan): Step {
  const names = [targetName, ...processes.map(unitName)]
  return {
    id: 'units',
    title: 'Units of systemd',
    does: [
      `pchat bootstrap --units --topology FILE --server ${fqdn} --out ${unitFolder}`,
      'systemctl daemon-reload',
      `systemctl enable ${names.join(' ')}`,
    ],
    doneWhen: `the files in ${unitFolder} are byte for byte those of the topology, loaded and enabled`,
  }
}

function startStep({ processes }: ServerPlan): Step {
  const names = processes.map(unitName).join(' ')
  return {
    id: 'start',
    title: 'Start',
    does: [
      `systemctl start ${targetName}`,
      ...processes.map(one => `systemctl restart ${unitName(one)}, where its unit was written since it started`),
    ],
    doneWhen: `systemctl is-active ${names} says active, each since its unit was written last`,
  }
}

/** Before a server starts: its start then waits for nothing. */
function migrationsStep(plan: ServerPlan): Step[] {
  const stores = databasesOf(plan).filter(({ what }) => what === 'PersistentChatStore')
  if (stores.length === 0) return []
  const pools = [...new Set(stores.map(({ pool }) => pool))].join(', ')
  return [
    {
      id: 'migrations',
      title: 'Migrations',
      does: [`The store of ${pools} is brought up to date, by one machine at a time; servers that run go on.`],
      doneWhen: 'the store has the schema that the program knows (pchat doctor: schema)',
    },
  ]
}

/** Those that ask trust the system's authorities, and not yet the topology's or the server's own. */
function healthStep({ certificate, processes }: ServerPlan): Step {
  const ofAuthority =
    certificate.from === 'authority' ? ', with --cacert and the file of the certificate of the authority' : ''
  return {
    id: 'health',
    title: 'Health',
    does: processes.map(({ listens, settings }) => {
      const own = settings.tlsSelfSigned ? ` --cacert ${shellWord(join(settings.dataDir!, 'self-signed.pem'))}` : ''
      return `curl --fail${own} ${shellWord(`${listens.url}/readyz`)}${ofAuthority}`
    }),
    doneWhen: 'each answers 200 within two minutes; it is asked each time',
  }
}

const serves = ({ roles }: ProcessPlan) => roles.includes('persistent-chat')

function standbyStep({ fqdn, processes }: ServerPlan): Step[] {
  const standby = processes.find(one => serves(one) && one.standby)
  if (!standby) return []
  return [
    {
      id: 'standby',
      title: 'On stand-by',
      does: [`makes ${fqdn} known to ${standby.pool} as one that takes no sessions, before it starts`],
      doneWhen: `pchat pool state shows ${fqdn}; who is active later is for pchat pool active-servers`,
    },
  ]
}

function recordingStep({ processes }: ServerPlan): Step[] {
  const recorded = processes.find(one => serves(one) && one.recording)
  if (!recorded) return []
  return [
    {
      id: 'recording',
      title: `Recording of ${recorded.pool}, once for all its servers`,
      does: ['pchat compliance enable'],
      doneWhen: 'pchat compliance status says that it is on',
    },
  ]
}

function testStep({ processes }: ServerPlan): Step {
  return {
    id: 'test',
    title: 'Synthetic test',
    // People sign in at Front End Servers, of which one has to run.
    does: processes.flatMap(({ signIn }) =>
      signIn.slice(0, 1).map(url => `pchat test message --server ${shellWord(url)}`),
    ),
    doneWhen: 'two test users have heard each other; it is tried each time',
  }
}
