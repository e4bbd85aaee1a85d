import { expect, test } from 'vitest'
import { sizeWords } from './file-words.ts'

test('[FI33] a size is said in the unit that needs the fewest figures', () => {
  const sizes = [1, 1023, 1024, 1536, 10 * 1024, 20_000 * 1024, 5 * 1024 ** 3]
  expect(sizes.map(sizeWords)).toEqual(['1 B', '1023 B', '1.0 KB', '1.5 KB', '10 KB', '20 MB', '5.0 GB'])
})
