import type { Command } from 'commander'
import { operator } from '../domain/operator.ts'
import { withDomain } from '../domain/principal.ts'
import { transaction } from '../store/db.ts'
import { readSettings } from '../store/settings.ts'
import { onStore, type StoreOptions, withStore } from './store-verb.ts'

const examples = `
Examples:
  $ pchat second-factor reset alice@example.com
  $ pchat second-factor reset alice --database-url postgres://pchat@db1,db2/pchat`

/** `pchat second-factor`: for who lost everything, by whoever holds the store's password; the last administrator among them. */
export function addSecondFactor(program: Command): void {
  const group = program
    .command('second-factor')
    .description('second factors of accounts')
    .addHelpText('after', examples)
  withStore(group.command('reset').description('take all second factors from a user and end his sign-ins'))
    .argument('<user>', 'account name')
    .action((user: string, options: StoreOptions) =>
      onStore(options, async db => {
        // The parent of workers, which has all verbs, does without the weight of the server.
        const { resetSecondFactor } = await import('../chat/factor.ts')
        const { ended } = await transaction(db, async tx => {
          const { settings } = await readSettings(tx)
          return resetSecondFactor(tx, withDomain(user, settings.domain), operator.id)
        })
        if (options.json) return console.log(JSON.stringify({ ended: ended?.length ?? 0 }))
        console.log(`${user} has no second factor any more; ${ended?.length ?? 0} sign-ins were ended.`)
      }),
    )
}
