import type { Chat } from '../chat/chat.ts'

/**
 * Measures how old the other processes' signs of life are when they are heard: what a message takes over the bus and through
 * the event loops at both ends. Where clocks run apart that is in it, so it is to be read beside the clocks' own watch.
 */
export function watchBusLag(chat: Chat): () => void {
  return chat.bus.subscribe('pool', ({ head }) => {
    if (head.kind !== 'alive' || head.member === chat.member || head.at === undefined) return
    chat.metrics.busLag.observe(Math.max(0, Date.now() - head.at) / 1000)
  })
}
