import { expect, test } from 'vitest'
import { openApartSite } from './apart-site.ts'
import { seriousFaults } from './axe.ts'
import { openBrowser, sit, webRoot } from './web-browser.ts'

test('[FR21] a page that was loaded before the servers of the pool says so, and finds them when it is loaded again', async () => {
  const [browser, apart] = await Promise.all([openBrowser(), openApartSite({ webRoot })])
  try {
    await apart.site.addUser('eve@example.com')
    const { page } = await sit(browser, apart.site.url, 'eve@example.com')
    await apart.more({ role: 'persistent-chat', server: 'three', files: undefined, central: undefined })
    await Promise.all([apart.one.stop(), apart.two.stop()])
    const again = page.getByRole('button', { name: 'Load it again' })
    await again.waitFor()
    const folder = process.env.PCHAT_SHOTS
    if (folder) await page.screenshot({ path: `${folder}/outdated.png`, animations: 'disabled' })
    expect(await seriousFaults(page)).toEqual([])
    await again.click()
    await page.getByRole('navigation', { name: 'Places' }).waitFor()
    await expect.poll(() => page.getByText(/onnecting/).count(), { timeout: 20_000 }).toBe(0)
    expect(await again.count()).toBe(0)
  } finally {
    await browser.close()
    await apart.stop()
  }
}, 90_000)
