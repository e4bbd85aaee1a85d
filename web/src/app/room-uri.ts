/** The twin of protocol/ids.ts, without the schemas that come with it into the bundle. */
export const roomUriPattern = /^ma-chan:\/\/([^/\s]+)\/([0-9a-fA-F-]{36})$/
