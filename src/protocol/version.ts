/**
 * Version of the wire protocol, answered by session.open. Raise it with every change of the schemas and add a line; a test
 * compares the schemas' hash.
 *
 * 1  first version
 */
export const PROTOCOL_VERSION = 1
export const WEBSOCKET_SUBPROTOCOL = 'pchat.v1'
export const MAX_FRAME_BYTES = 256 * 1024
