/** What became of a parameter of the original product: an option under another name, or why there is none. */
type Parameter = { option: string } | { reason: string }

export type Cmdlet = {
  name: string
  /** `room set`; absent where a reason says why there is none. */
  verb?: string
  reason?: string
  /** All parameters; one that is not among `other` is the option of the same name in kebab case. */
  parameters: string[]
  other?: Record<string, Parameter>
}

const pool = { PersistentChatPoolFqdn: { reason: 'one address is one pool: --server names it' } }
const endpoint = 'there are no contact objects: clients find the servers of a pool by its address'
/** By the officer's own command, which works on the machine (docs/compliance.md). */
const compliance: Record<string, string> = {
  New: 'pchat compliance adapter set NAME, with --type for AdapterType, --output-directory for AdapterOutputDirectory, --run-interval (seconds), --one-room-per-file, --room-details, --user-details, --attachments-manifest, and --custom or --transformation for CustomConfiguration',
  Set: 'pchat compliance adapter set NAME, as for New',
  Get: 'pchat compliance adapter list, and pchat compliance status',
  Remove: 'pchat compliance adapter remove NAME',
}
const database = { reason: 'the store is named as for every verb: --database-url or --data-dir' }
const noInstance = { Instance: { reason: 'there is one pool, and nothing of it to hand on' } }

const room = ['Name', 'Category', 'Description', 'Type', 'Privacy', 'Invitations', 'Addin', 'Disabled']
const configuration = ['Identity', 'DefaultChatHistory', 'MaxFileSizeKB', 'ParticipantUpdateLimit', 'RoomManagementUrl']
const complianceParameters = [
  ...['Identity', 'AdapterType', 'AdapterName', 'AdapterOutputDirectory', 'RunInterval', 'OneChatRoomPerOutputFile'],
  ...['AddChatRoomDetails', 'AddUserDetails', 'CreateFileAttachmentsManifest', 'CustomConfiguration'],
]

/** Every cmdlet of the original product. docs/cmdlets.md is made from this table, and a test holds it against the program. */
export const cmdlets: Cmdlet[] = [
  { name: 'New-CsPersistentChatRoom', verb: 'room new', parameters: ['PersistentChatPoolFqdn', ...room], other: pool },
  {
    name: 'Set-CsPersistentChatRoom',
    verb: 'room set',
    parameters: ['Identity', 'Instance', ...room, 'Members', 'Managers', 'Presenters', 'AsObject'],
  },
  {
    name: 'Get-CsPersistentChatRoom',
    verb: 'room get',
    parameters: [
      ...[
        'Identity',
        'PersistentChatPoolFqdn',
        'Category',
        'Filter',
        'SearchDescription',
        'Member',
        'Manager',
        'Addin',
        'Disabled',
      ],
      ...['Privacy', 'Type', 'Invitations', 'ChatContentExceedsMB', 'ResultSize', 'AsObject'],
    ],
    other: pool,
  },
  { name: 'Remove-CsPersistentChatRoom', verb: 'room remove', parameters: ['Identity', 'Instance'] },
  { name: 'Clear-CsPersistentChatRoom', verb: 'room clear', parameters: ['Identity', 'Instance', 'EndDate'] },
  {
    name: 'Remove-CsPersistentChatMessage',
    verb: 'message remove',
    parameters: [
      ...[
        'Identity',
        'Remove',
        'ReplaceMessage',
        'UserUri',
        'StartDate',
        'EndDate',
        'Filter',
        'MatchClause',
        'CaseSensitive',
      ],
    ],
  },
  {
    name: 'New-CsPersistentChatCategory',
    verb: 'category new',
    parameters: [
      'Name',
      'Description',
      'EnableFileUpload',
      'EnableInvitations',
      'RemoveChatHistory',
      'PersistentChatPoolFqdn',
    ],
    other: pool,
  },
  {
    name: 'Set-CsPersistentChatCategory',
    verb: 'category set',
    parameters: [
      ...['Identity', 'Instance', 'Name', 'Description', 'FileUpload', 'Invitations', 'ChatHistory'],
      ...['AllowedMembers', 'DeniedMembers', 'Creators', 'AsObject'],
    ],
  },
  {
    name: 'Get-CsPersistentChatCategory',
    verb: 'category get',
    parameters: ['Identity', 'PersistentChatPoolFqdn', 'AsObject'],
    other: pool,
  },
  { name: 'Remove-CsPersistentChatCategory', verb: 'category remove', parameters: ['Identity', 'Instance'] },
  {
    name: 'New-CsPersistentChatAddin',
    verb: 'addin new',
    parameters: ['Name', 'Url', 'PersistentChatPoolFqdn'],
    other: pool,
  },
  { name: 'Set-CsPersistentChatAddin', verb: 'addin set', parameters: ['Identity', 'Instance', 'Name', 'Url'] },
  {
    name: 'Get-CsPersistentChatAddin',
    verb: 'addin get',
    parameters: ['Identity', 'PersistentChatPoolFqdn'],
    other: pool,
  },
  { name: 'Remove-CsPersistentChatAddin', verb: 'addin remove', parameters: ['Identity', 'Instance'] },
  {
    name: 'New-CsPersistentChatPolicy',
    verb: 'policy new',
    parameters: ['Identity', 'Description', 'EnablePersistentChat', 'Tenant'],
    other: { Tenant: { reason: 'an installation is one organisation' } },
  },
  {
    name: 'Set-CsPersistentChatPolicy',
    verb: 'policy set',
    parameters: ['Identity', 'Instance', 'Description', 'EnablePersistentChat', 'Tenant'],
    other: { Tenant: { reason: 'an installation is one organisation' } },
  },
  {
    name: 'Get-CsPersistentChatPolicy',
    verb: 'policy get',
    parameters: ['Identity', 'Filter', 'Tenant'],
    other: { Tenant: { reason: 'an installation is one organisation' } },
  },
  {
    name: 'Remove-CsPersistentChatPolicy',
    verb: 'policy remove',
    parameters: ['Identity', 'Tenant'],
    other: { Tenant: { reason: 'an installation is one organisation' } },
  },
  {
    name: 'Grant-CsPersistentChatPolicy',
    verb: 'policy grant',
    parameters: ['Identity', 'PolicyName', 'DomainController', 'PassThru'],
    other: { DomainController: { reason: 'people are asked of the store, which a directory sync fills' } },
  },
  { name: 'New-CsPersistentChatConfiguration', verb: 'configuration new', parameters: configuration },
  { name: 'Set-CsPersistentChatConfiguration', verb: 'configuration set', parameters: [...configuration, 'Instance'] },
  { name: 'Get-CsPersistentChatConfiguration', verb: 'configuration get', parameters: ['Identity', 'Filter'] },
  { name: 'Remove-CsPersistentChatConfiguration', verb: 'configuration remove', parameters: ['Identity'] },
  ...['New', 'Set', 'Get', 'Remove'].map(verb => ({
    name: `${verb}-CsPersistentChatComplianceConfiguration`,
    reason: `another command: ${compliance[verb]}`,
    parameters: verb === 'New' || verb === 'Set' ? complianceParameters : ['Identity'],
  })),
  {
    name: 'Get-CsPersistentChatEligiblePrincipal',
    verb: 'eligible-principal get',
    parameters: ['Category', 'Room', 'Filter', 'Presenters', 'PersistentChatPoolFqdn', 'ResultSize'],
    other: pool,
  },
  {
    name: 'Set-CsPersistentChatActiveServer',
    verb: 'active-server set',
    parameters: ['Identity', 'ActiveServers', 'Swap', 'Instance'],
    other: noInstance,
  },
  { name: 'Get-CsPersistentChatState', verb: 'state get', parameters: ['Identity', 'Filter'] },
  {
    name: 'Set-CsPersistentChatState',
    verb: 'state set',
    parameters: ['Identity', 'PoolState', 'Instance'],
    other: noInstance,
  },
  {
    name: 'New-CsPersistentChatEndpoint',
    reason: endpoint,
    parameters: ['SipAddress', 'PersistentChatPoolFqdn', 'DisplayName', 'PassThru'],
  },
  ...['Get', 'Remove'].map(verb => ({
    name: `${verb}-CsPersistentChatEndpoint`,
    reason: endpoint,
    parameters: [
      ...[
        'Identity',
        'PersistentChatPoolFqdn',
        'Filter',
        'LdapFilter',
        'OU',
        'DomainController',
        'Credential',
        'ResultSize',
      ],
    ],
  })),
  {
    name: 'Export-CsPersistentChatData',
    verb: 'data export',
    parameters: [
      ...[
        'DBInstance',
        'DBName',
        'FileName',
        'AsBytes',
        'Level',
        'Scope',
        'StartDate',
        'DisableExportedNodes',
        'Report',
      ],
    ],
    other: {
      DBInstance: database,
      DBName: database,
      AsBytes: { reason: '--file-name - writes to standard output' },
    },
  },
  {
    name: 'Import-CsPersistentChatData',
    verb: 'data import',
    parameters: ['DBInstance', 'FileName', 'ByteInput', 'Report'],
    other: { DBInstance: database, ByteInput: { reason: 'an archive is read from its end: write it to a file first' } },
  },
  {
    name: 'Test-CsPersistentChatMessage',
    verb: 'test message',
    parameters: [
      ...[
        'TargetFqdn',
        'SenderSipAddress',
        'ReceiverSipAddress',
        'SenderCredential',
        'ReceiverCredential',
        'ChatRoomUri',
      ],
      ...[
        'RegistrarPort',
        'Authentication',
        'Setup',
        'TestUser1SipAddress',
        'TestUser2SipAddress',
        'OutLoggerVariable',
      ],
      'OutVerboseVariable',
    ],
    other: {
      TargetFqdn: { option: '--server' },
      SenderSipAddress: { option: '--sender' },
      ReceiverSipAddress: { option: '--receiver' },
      SenderCredential: { option: '--sender-password-file' },
      ReceiverCredential: { option: '--receiver-password-file' },
      ChatRoomUri: { option: '--room' },
      RegistrarPort: { reason: 'the port stands in the address of --server' },
      Authentication: { reason: 'test users sign in by password or with a token' },
      TestUser1SipAddress: { option: '--sender' },
      TestUser2SipAddress: { option: '--receiver' },
      OutLoggerVariable: { option: '--json' },
      OutVerboseVariable: { option: '--json' },
    },
  },
]

/** Those that every cmdlet has. */
export const commonParameters: Record<string, string> = {
  WhatIf: '--what-if, at every verb here that changes something',
  Confirm: 'what destroys is asked first; --confirm answers yes',
  Force: '--confirm',
  InMemory: 'nothing is made in memory only: --what-if shows what a verb would do',
  LocalStore: 'servers have no copy of their own to read from',
  Verbose: 'progress is told on stderr where somebody looks',
}

/** ChatContentExceedsMB: chat-content-exceeds-mb. */
export function kebab(parameter: string): string {
  return parameter
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1-$2')
    .toLowerCase()
}
