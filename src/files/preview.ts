import type { FileRow } from '../store/file.ts'
import type { Files } from './files.ts'

/** A small picture of a picture, where one can be made. */
export async function makePreview(_files: Files, _file: FileRow): Promise<void> {}
