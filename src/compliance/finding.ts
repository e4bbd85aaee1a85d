/** Where store, archive and exports do not agree. */
export type Finding = {
  /**
   * `missing`: posted while recording was on, and neither in the archive nor on its way. `doubled`: there twice. `differs`: the
   * store has something else, and no recorded removal says why. `lost`: the archive has it, the store has not, and no recorded
   * removal says why. `export`: a file says something else than the archive.
   */
  what: 'missing' | 'doubled' | 'differs' | 'lost' | 'export'
  room?: string
  seq?: number
  file?: string
  sentence: string
}
