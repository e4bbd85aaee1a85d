/** As many characters as a message of the capacity model has. */
const LENGTH = 150
const TEXTS = 512
const WORDS = 4096
const syllables = ['ba', 'ce', 'di', 'fo', 'gu', 'ha', 'ke', 'li', 'mo', 'nu', 'pa', 're', 'si', 'to', 'vu', 'we']

/** The n-th word of a language of `WORDS` words: the first ones are short, as those that are often used are. */
function wordOf(number: number): string {
  const rest = Math.floor(number / syllables.length)
  return (rest === 0 ? '' : wordOf(rest - 1)) + syllables[number % syllables.length]
}

/** Few words often and many seldom, so that the index of words has as much to do as with what people write. */
function sentence(number: number): string {
  let text = ''
  // A step that shares no factor with the modulus: other words in each text, the same ones in each run.
  for (let count = 1; text.length < LENGTH; count += 1) {
    const share = ((number * 7919 + count * 104_729) % 65_537) / 65_537
    text += `${wordOf(Math.floor(WORDS ** share))} `
  }
  return text.slice(0, LENGTH)
}

const texts = Array.from({ length: TEXTS }, (_, number) => sentence(number))

export const textOf = (number: number): string => texts[number % TEXTS]!
