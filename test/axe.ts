import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

export type AxeOptions = {
  /** Only these rules; all of axe's unless said. */
  rules?: string[]
  /** A CSS selector of the part to look at. */
  within?: string
}

/**
 * What axe finds serious or critical on the page as it stands, one sentence a rule; empty where it is clean. The colours are looked
 * at as they are: call it once more under `inTheDark`.
 */
export async function seriousFaults(page: Page, { rules, within = 'html' }: AxeOptions = {}): Promise<string[]> {
  // On a busy machine a colour that is still changing would be judged.
  await page.evaluate(`Promise.allSettled(
    document.getAnimations().filter(one => one.effect?.getTiming().iterations !== Infinity).map(one => one.finished),
  )`)
  // Legacy: it spares a second page for each look, and there are no frames here.
  const axe = new AxeBuilder({ page }).setLegacyMode(true).include(within)
  if (rules !== undefined) axe.withRules(rules)
  const { violations } = await axe.analyze()
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${page.url()} ${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`)
}

/** Shows the page in the other colours while `work` runs; what is no matter of colour need not be looked at twice. */
export async function inTheDark<T>(page: Page, work: () => Promise<T>): Promise<T> {
  await page.emulateMedia({ colorScheme: 'dark' })
  try {
    return await work()
  } finally {
    await page.emulateMedia({ colorScheme: 'light' })
  }
}

/** Everything in the light, and the colours in the dark. */
export async function faultsInBothColours(page: Page, within?: string): Promise<string[]> {
  const here = within === undefined ? {} : { within }
  const light = await seriousFaults(page, here)
  const dark = await inTheDark(page, () => seriousFaults(page, { rules: ['color-contrast'], ...here }))
  return [...light, ...dark]
}
