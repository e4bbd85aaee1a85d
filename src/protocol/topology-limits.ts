/** Of a topology document that is checked or published over the wire, in UTF-8. A larger one is a matter for the shell. */
export const maxTopologyBytes = 200_000
/** Of a note beside a publication. */
export const maxNoteCharacters = 500
