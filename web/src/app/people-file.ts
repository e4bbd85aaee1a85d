import { readCsv, unreadable } from '../../../src/protocol/csv.ts'

export const peopleColumns = ['name', 'displayName', 'email', 'unit', 'groups', 'password'] as const
type Column = (typeof peopleColumns)[number]

/** One line of a file of people. What the file leaves empty is left as it is. */
export type FilePerson = {
  line: number
  name: string
  displayName?: string
  email?: string
  unit?: string
  groups: string[]
  password?: string
}
export type LineFault = { line: number; name: string; sentence: string }
export type PeopleFile = { people: FilePerson[]; faults: LineFault[] }

/** The same name whatever its case: as the server compares them, near enough for a preview; the server decides. */
export function keyOfName(name: string): string {
  return name.normalize('NFC').trim().toLowerCase()
}

function columnOf(title: string): Column | undefined {
  const plain = title.toLowerCase().replace(/[\s_-]/g, '')
  return peopleColumns.find(column => column.toLowerCase() === plain)
}

/** Reads the text of a CSV file. Throws where the whole file cannot be read; a line that cannot be is told and left out. */
export function readPeopleFile(text: string): PeopleFile {
  const [head, ...rows] = readCsv(text)
  if (head === undefined)
    throw unreadable(`The file is empty. Its first line names the columns: ${peopleColumns.join(', ')}.`)
  const columns = head.fields.map(columnOf)
  const unknown = head.fields.find((_, at) => columns[at] === undefined)
  if (unknown !== undefined)
    throw unreadable(`There is no column "${unknown.trim()}". There are ${peopleColumns.join(', ')}.`)
  if (!columns.includes('name')) throw unreadable('There is no column "name". The first line names the columns.')
  const people: FilePerson[] = []
  const faults: LineFault[] = []
  const seen = new Map<string, number>()
  for (const { line, fields } of rows) {
    const person = personOf(line, columns as Column[], fields)
    const before = seen.get(keyOfName(person.name))
    const refuse = (sentence: string) => faults.push({ line, name: person.name, sentence })
    if (fields.length > columns.length) refuse('There are more fields than columns. Put text with commas into quotes.')
    else if (person.name === '') refuse('The name is missing.')
    else if (before !== undefined) refuse(`This name stands in line ${before} already.`)
    else {
      seen.set(keyOfName(person.name), line)
      people.push(person)
    }
  }
  return { people, faults }
}

function personOf(line: number, columns: readonly Column[], fields: readonly string[]): FilePerson {
  const of = (column: Column) => fields[columns.indexOf(column)]?.trim() ?? ''
  const some = (column: Exclude<Column, 'name' | 'groups'>) => (of(column) === '' ? {} : { [column]: of(column) })
  const groups = of('groups')
    .split(/[;|]/)
    .map(group => group.trim())
    .filter(group => group !== '')
  return {
    line,
    name: of('name'),
    ...some('displayName'),
    ...some('email'),
    ...some('unit'),
    ...some('password'),
    groups,
  }
}
