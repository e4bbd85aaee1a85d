/** The cmdlets of the original product with all their parameters, as its documentation has them. */
const room = 'Name Category Description Type Privacy Invitations Addin Disabled'
const options = 'Identity DefaultChatHistory MaxFileSizeKB ParticipantUpdateLimit RoomManagementUrl'
const archive =
  'Identity AdapterType AdapterName AdapterOutputDirectory RunInterval OneChatRoomPerOutputFile AddChatRoomDetails AddUserDetails CreateFileAttachmentsManifest CustomConfiguration'
const endpoint = 'Identity PersistentChatPoolFqdn Filter LdapFilter OU DomainController Credential ResultSize'

export const cmdletList: [cmdlet: string, parameters: string][] = [
  ['New-CsPersistentChatRoom', `${room} PersistentChatPoolFqdn`],
  ['Set-CsPersistentChatRoom', `Identity Instance ${room} Members Managers Presenters AsObject`],
  [
    'Get-CsPersistentChatRoom',
    'Identity PersistentChatPoolFqdn Category Filter SearchDescription Member Manager Addin Disabled Privacy Type Invitations ChatContentExceedsMB ResultSize AsObject',
  ],
  ['Remove-CsPersistentChatRoom', 'Identity Instance'],
  ['Clear-CsPersistentChatRoom', 'Identity Instance EndDate'],
  [
    'Remove-CsPersistentChatMessage',
    'Identity Remove ReplaceMessage UserUri StartDate EndDate Filter MatchClause CaseSensitive',
  ],
  [
    'New-CsPersistentChatCategory',
    'Name Description EnableFileUpload EnableInvitations RemoveChatHistory PersistentChatPoolFqdn',
  ],
  [
    'Set-CsPersistentChatCategory',
    'Identity Instance Name Description FileUpload Invitations ChatHistory AllowedMembers DeniedMembers Creators AsObject',
  ],
  ['Get-CsPersistentChatCategory', 'Identity PersistentChatPoolFqdn AsObject'],
  ['Remove-CsPersistentChatCategory', 'Identity Instance'],
  ['New-CsPersistentChatAddin', 'Name Url PersistentChatPoolFqdn'],
  ['Set-CsPersistentChatAddin', 'Identity Instance Name Url'],
  ['Get-CsPersistentChatAddin', 'Identity PersistentChatPoolFqdn'],
  ['Remove-CsPersistentChatAddin', 'Identity Instance'],
  ['New-CsPersistentChatPolicy', 'Identity Description EnablePersistentChat Tenant'],
  ['Set-CsPersistentChatPolicy', 'Identity Instance Description EnablePersistentChat Tenant'],
  ['Get-CsPersistentChatPolicy', 'Identity Filter Tenant'],
  ['Remove-CsPersistentChatPolicy', 'Identity Tenant'],
  ['Grant-CsPersistentChatPolicy', 'Identity PolicyName DomainController PassThru'],
  ['New-CsPersistentChatConfiguration', options],
  ['Set-CsPersistentChatConfiguration', `${options} Instance`],
  ['Get-CsPersistentChatConfiguration', 'Identity Filter'],
  ['Remove-CsPersistentChatConfiguration', 'Identity'],
  ['New-CsPersistentChatComplianceConfiguration', archive],
  ['Set-CsPersistentChatComplianceConfiguration', archive],
  ['Get-CsPersistentChatComplianceConfiguration', 'Identity'],
  ['Remove-CsPersistentChatComplianceConfiguration', 'Identity'],
  ['Get-CsPersistentChatEligiblePrincipal', 'Category Room Filter Presenters PersistentChatPoolFqdn ResultSize'],
  ['Set-CsPersistentChatActiveServer', 'Identity ActiveServers Swap'],
  ['Get-CsPersistentChatState', 'Identity Filter'],
  ['Set-CsPersistentChatState', 'Identity PoolState'],
  ['New-CsPersistentChatEndpoint', 'SipAddress PersistentChatPoolFqdn DisplayName PassThru'],
  ['Get-CsPersistentChatEndpoint', endpoint],
  ['Remove-CsPersistentChatEndpoint', endpoint],
  [
    'Export-CsPersistentChatData',
    'DBInstance DBName FileName AsBytes Level Scope StartDate DisableExportedNodes Report',
  ],
  ['Import-CsPersistentChatData', 'DBInstance FileName ByteInput Report'],
  [
    'Test-CsPersistentChatMessage',
    'TargetFqdn SenderSipAddress ReceiverSipAddress SenderCredential ReceiverCredential ChatRoomUri RegistrarPort Authentication Setup TestUser1SipAddress TestUser2SipAddress OutLoggerVariable OutVerboseVariable',
  ],
]
