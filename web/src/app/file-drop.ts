import { type DragEvent, useState } from 'react'

/** Whether files, and not a piece of text, are dragged. */
function holdsFiles(event: DragEvent): boolean {
  return event.dataTransfer.types.includes('Files')
}

/** What takes dropped files needs these; `isOver` while something is held above it. */
export function useFileDrop(onFiles: ((files: File[]) => void) | undefined) {
  // Entering a child comes before leaving its parent.
  const [depth, setDepth] = useState(0)
  return {
    isOver: depth > 0 && onFiles !== undefined,
    handlers: {
      onDragEnter(event: DragEvent) {
        if (holdsFiles(event)) setDepth(now => now + 1)
      },
      onDragLeave(event: DragEvent) {
        if (holdsFiles(event)) setDepth(now => Math.max(0, now - 1))
      },
      // Without it the browser would leave the page for the file.
      onDragOver(event: DragEvent) {
        if (!holdsFiles(event)) return
        event.preventDefault()
        event.dataTransfer.dropEffect = onFiles === undefined ? 'none' : 'copy'
      },
      onDrop(event: DragEvent) {
        if (!holdsFiles(event)) return
        event.preventDefault()
        setDepth(0)
        onFiles?.([...event.dataTransfer.files])
      },
    },
  }
}
