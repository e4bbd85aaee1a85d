import { fileURLToPath } from 'node:url'

/** Folder of the built web client. */
export const webRoot = fileURLToPath(new URL('../../web/dist', import.meta.url))
