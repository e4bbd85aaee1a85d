import type { ProcessPlan, ServerPlan } from './plan.ts'
import { isSecretSetting, secretVariables } from './secret.ts'
import type { ServerSettings } from './settings.ts'
import { commandWord, plainText, quotedWord } from './unit-text.ts'

/** Who the servers run as, on every machine. */
export const account = 'pchat'
/** In its entry: by this one sees that the bootstrapper made it. */
export const accountNote = 'Persistent Chat, made by pchat bootstrap'
/** Variables that are no part of a topology: what env:NAME names, keys of a bucket, the first administrator. Readable by root alone. */
export const environmentFile = '/etc/pchat/environment'
export const unitFolder = '/etc/systemd/system'
export const targetName = 'pchat.target'
/** Open files of a process: 19,800 sessions, what the process needs for itself, and room. */
export const openFiles = 65_536

/** In the first line of each unit: by this one sees whose it is. */
export const unitNote = 'Written by pchat bootstrap; changes are made in the topology.'

export type UnitFile = { name: string; text: string }

/** The program on the machine: the words before `start`, and what gives the words behind it. */
export type Program = { command: string[]; argumentsOf(settings: ServerSettings): string[] }

/** A unit for each process of a machine, and a target that holds them. Pure. */
export function unitsOf(plan: ServerPlan, program: Program): UnitFile[] {
  return plan.processes.length === 0
    ? []
    : [
        targetUnit(plan),
        ...plan.processes.map(process => ({ name: unitName(process), text: serviceText(process, program) })),
      ]
}

export function unitName({ name }: Pick<ProcessPlan, 'name'>): string {
  return `pchat-${name}.service`
}

function targetUnit({ fqdn, processes }: ServerPlan): UnitFile {
  const text = lines([
    `# ${unitNote}`,
    '[Unit]',
    `Description=Persistent Chat on ${fqdn}`,
    `Wants=${processes.map(unitName).join(' ')}`,
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ])
  return { name: targetName, text }
}

/** Keys, the same on all servers of a pool. */
export const poolKeyFiles = ['factorKeyFile', 'handOverKeyFile', 'fileKeyFile', 'complianceKeyFile'] as const
/** Only root reads them on the machine; systemd hands them to the service in a folder of its own. */
export const keyFiles = ['tlsCert', 'tlsKey', ...poolKeyFiles] as const

function serviceText(process: ProcessPlan, program: Program): string {
  const { roles, pool, settings } = process
  const { credentials, words, environment } = wordsOf(process, program)
  const folders = foldersOf(process).map(quotedWord).join(' ')
  return lines([
    `# ${plainText(`${roles.join(', ')} of ${pool}`)}. ${unitNote}`,
    '[Unit]',
    `Description=Persistent Chat: ${plainText(`${process.name} of ${pool}`)}`,
    'Wants=network-online.target',
    'After=network-online.target nss-lookup.target time-sync.target',
    `RequiresMountsFor=${folders}`,
    `PartOf=${targetName}`,
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    'Type=exec',
    `User=${account}`,
    `Group=${account}`,
    `ExecStart=${words}`,
    ...environment,
    `EnvironmentFile=-${environmentFile}`,
    ...credentials,
    '# Wrong options do not mend themselves (exit code 2); everything else is tried again.',
    'Restart=on-failure',
    'RestartSec=5',
    'RestartPreventExitStatus=2',
    '# The server itself is told to stop: it lets sessions go on elsewhere, then stops its workers and its database.',
    'KillMode=mixed',
    'TimeoutStopSec=90',
    `LimitNOFILE=${openFiles}`,
    'UMask=0077',
    `ReadWritePaths=${folders}`,
    ...capabilities(settings),
    ...homes(program),
    ...hardening,
    '',
    '[Install]',
    `WantedBy=${targetName}`,
  ])
}

/** The command with one option a line, and what it is given beside: no secret is in it. */
function wordsOf({ settings, secrets }: ProcessPlan, { command, argumentsOf }: Program) {
  const given: ServerSettings = { ...settings }
  const credentials: string[] = []
  const keep = (name: string, file: string) => credentials.push(`LoadCredential=${name}:${plainText(file)}`)
  for (const name of keyFiles) {
    const file = settings[name]
    if (file === undefined) continue
    keep(name, file)
    given[name] = `${credentialMark}${name}`
  }
  const environment = secrets.flatMap(({ setting, reference }) => {
    if (!isSecretSetting(setting)) return []
    const isFile = reference.startsWith('file:')
    if (isFile) keep(setting, reference.slice('file:'.length))
    return [`Environment=${secretVariables[setting]}=${isFile ? `file:%d/${setting}` : reference}`]
  })
  return { credentials, environment, words: commandText([...command, 'start'], argumentsOf(given)) }
}

/** No path begins like this, and no name: see text.ts. */
const credentialMark = 'credential:'

function commandText(command: string[], options: string[]): string {
  const words = options.map(word =>
    word.startsWith(credentialMark) ? `%d/${word.slice(credentialMark.length)}` : commandWord(word),
  )
  const rest = words.map((word, i) => (options[i]!.startsWith('--') ? ` \\\n  ${word}` : ` ${word}`))
  return `${command.map(commandWord).join(' ')}${rest.join('')}`
}

/** Where the process writes; everything else is read-only for it. A bucket is no folder. */
export function foldersOf({ settings, fileStore }: Pick<ProcessPlan, 'settings' | 'fileStore'>): string[] {
  const { dataDir, complianceAnchors, complianceOutput, role } = settings
  const anchors = complianceAnchors?.replace(/\/[^/]*$/, '')
  // A Front End Server only says which folders adapters may be set to.
  const books = role === 'front-end' ? undefined : complianceOutput
  const all = [dataDir, fileStore?.startsWith('s3:') ? undefined : fileStore, anchors, books]
  const named = [...new Set(all.filter(one => one !== undefined && one !== ''))] as string[]
  return named.filter(one => !named.some(other => one !== other && one.startsWith(`${other.replace(/\/+$/, '')}/`)))
}

function capabilities({ port = 0 }: ServerSettings): string[] {
  if (port >= 1_024)
    return ['# Nothing of root, not even the number of it.', 'CapabilityBoundingSet=', 'PrivateUsers=yes']
  return [
    `# Port ${port} is one that root alone may listen on otherwise; nothing else of root.`,
    'AmbientCapabilities=CAP_NET_BIND_SERVICE',
    'CapabilityBoundingSet=CAP_NET_BIND_SERVICE',
  ]
}

function homes({ command }: Program): string[] {
  const isAtHome = command.some(word => /^\/(home|root|run\/user)\//.test(word))
  return isAtHome
    ? ['# The program stands in a home; anywhere else this could be yes.', 'ProtectHome=read-only']
    : ['ProtectHome=yes']
}

const hardening = [
  'NoNewPrivileges=yes',
  'ProtectSystem=strict',
  'PrivateTmp=yes',
  'PrivateDevices=yes',
  'ProtectProc=invisible',
  'ProtectClock=yes',
  'ProtectHostname=yes',
  'ProtectKernelLogs=yes',
  'ProtectKernelModules=yes',
  'ProtectKernelTunables=yes',
  'ProtectControlGroups=yes',
  'RestrictNamespaces=yes',
  'RestrictRealtime=yes',
  'RestrictSUIDSGID=yes',
  'RemoveIPC=yes',
  'KeyringMode=private',
  'LockPersonality=yes',
  '# V8 writes machine code and runs it: with yes here, Node ends before its first line.',
  'MemoryDenyWriteExecute=no',
  'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
  'SystemCallArchitectures=native',
  'SystemCallFilter=@system-service',
  'SystemCallFilter=~@privileged @resources',
  'SystemCallErrorNumber=EPERM',
]

function lines(all: string[]): string {
  return `${all.join('\n')}\n`
}
