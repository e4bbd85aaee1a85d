import { Gauge, type Registry } from 'prom-client'

/** What is counted once for the pool and shown by each of its processes, and of the machine what a look a minute is enough for. */
export function addPoolMetrics(registry: Registry, aggregator: 'max') {
  const gauge = <Label extends string = never>(name: string, help: string, labelNames: Label[] = []) => {
    const made = new Gauge<Label>({ name, help, labelNames, aggregator, registers: [registry] })
    // Not there until it is set: 0 would be an empty disk, or a certificate that has ended.
    if (labelNames.length === 0) made.remove()
    return made
  }
  return {
    pool: {
      entries: gauge('pchat_entries', 'entries of the lists of rooms, by role', ['role']),
      invitations: gauge('pchat_invitations', 'entries whose addition invited'),
      rooms: gauge('pchat_rooms', 'rooms by state', ['state']),
      categories: gauge('pchat_categories', 'categories'),
      accounts: gauge('pchat_accounts', 'accounts of people and bots, by state', ['state']),
      fileBytes: gauge('pchat_file_bytes', 'what the objects of the file store take, by the rows that name them'),
      storeBytes: gauge('pchat_store_bytes', 'what the database takes on its disk'),
      countedAge: gauge('pchat_counted_age_seconds', 'age of the counts of entries, invitations, rooms and bytes'),
    },
    machine: {
      fileStoreFree: gauge('pchat_file_store_free_bytes', 'free for this server on the disk of the file store'),
      fileStoreSize: gauge('pchat_file_store_size_bytes', 'size of the disk of the file store'),
      fileStoreAway: gauge('pchat_file_store_away', "1 while the pool's file store is not there"),
      certificateEnds: gauge('pchat_certificate_ends_seconds', 'when the certificate ends, in seconds since 1970'),
    },
  }
}
