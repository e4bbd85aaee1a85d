import type { Command } from 'commander'
import { operator } from '../domain/operator.ts'
import { withDomain } from '../domain/principal.ts'
import { type Connection, transaction, tryOut } from '../store/db.ts'
import { resolvePerson } from '../store/principal.ts'
import { readFactorPerson } from '../store/second-factor.ts'
import { readSettings } from '../store/settings.ts'
import type { Change } from './shell/verb.ts'
import { onStore, printWhatIf, type StoreOptions, withWhatIf } from './store-verb.ts'

const examples = `
Examples:
  $ pchat second-factor reset alice@example.com
  $ pchat second-factor reset alice@example.com --what-if
  $ pchat second-factor reset alice --database-url postgres://pchat@db1,db2/pchat`

/** `pchat second-factor`: for who lost everything, by whoever holds the store's password; the last administrator among them. */
export function addSecondFactor(program: Command): void {
  const group = program
    .command('second-factor')
    .description('second factors of accounts')
    .addHelpText('after', examples)
  withWhatIf(group.command('reset').description('take all second factors from a user and end his sign-ins'))
    .argument('<user>', 'account name')
    .action((user: string, options: StoreOptions & { whatIf?: boolean }) =>
      onStore(options, async db => {
        // The parent of workers, which has all verbs, does without the weight of the server.
        const { resetSecondFactor } = await import('../chat/factor.ts')
        const reset = async (tx: Connection) => {
          const { settings } = await readSettings(tx)
          const name = withDomain(user, settings.domain)
          const held = await heldBy(tx, name)
          const { ended = [] } = await resetSecondFactor(tx, name, operator.id)
          return { name, held, ended: ended.length }
        }
        if (options.whatIf) return printWhatIf(options, changesOf(await tryOut(db, reset)))
        const { ended } = await transaction(db, reset)
        if (options.json) return console.log(JSON.stringify({ ended }))
        console.log(`${user} has no second factor any more; ${ended} sign-ins were ended.`)
      }),
    )
}

/** In words; nothing where he has none. */
async function heldBy(tx: Connection, name: string): Promise<string> {
  const person = await readFactorPerson(tx, (await resolvePerson(tx, name)).id)
  if (!person) return ''
  const { totp, passkeys, recoveryCodes } = person
  return [
    ...(totp ? ['an authenticator app'] : []),
    ...(passkeys > 0 ? [`${passkeys} passkeys`] : []),
    ...(recoveryCodes > 0 ? [`${recoveryCodes} recovery codes`] : []),
  ].join(', ')
}

function changesOf({ name, held, ended }: { name: string; held: string; ended: number }): Change[] {
  const what = `user ${name}`
  return [
    ...(held === '' ? [] : [{ what, change: 'second factors', now: held, after: 'none' }]),
    ...(ended === 0 ? [] : [{ what, change: 'sign-ins', now: `${ended}`, after: '0' }]),
  ]
}
