/** How much an archive has. By itself, since the verbs' help needs it without the weight of the export. */
export const levels = ['all', 'user', 'category', 'room-directory', 'content'] as const
export type Level = (typeof levels)[number]
