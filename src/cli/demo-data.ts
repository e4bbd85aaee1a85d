/** A made-up house with walls: who works there, what it keeps apart, which rooms it has. */

export const demoDomain = 'meridian.example'

export type DemoPerson = { account: string; displayName: string; unit: string; groups: string[] }

const person = (account: string, displayName: string, unit: string, ...groups: string[]): DemoPerson => ({
  account,
  displayName,
  unit,
  groups,
})

export const units = ['Front Office', 'Research', 'Operations', 'Clinic', 'Control']
export const groups = ['Traders', 'Analysts', 'Operators', 'Nurses', 'Officers', 'Heads']

export const people: DemoPerson[] = [
  person('tara', 'Tara Lindqvist', 'Front Office', 'Traders', 'Heads'),
  person('marco', 'Marco Bellini', 'Front Office', 'Traders'),
  person('yuki', 'Yuki Tanaka', 'Front Office', 'Traders'),
  person('femi', 'Femi Adeyemi', 'Front Office', 'Traders'),
  person('clara', 'Clara Hoffmann', 'Front Office', 'Traders'),
  person('anna', 'Anna Kowalska', 'Research', 'Analysts', 'Heads'),
  person('david', 'David Okafor', 'Research', 'Analysts'),
  person('lin', 'Lin Zhao', 'Research', 'Analysts'),
  person('sofia', 'Sofia Marques', 'Research', 'Analysts'),
  person('omar', 'Omar Haddad', 'Operations', 'Operators', 'Heads'),
  person('greta', 'Greta Nilsen', 'Operations', 'Operators'),
  person('raj', 'Raj Patel', 'Operations', 'Operators'),
  person('elena', 'Elena Petrova', 'Operations', 'Operators'),
  person('tom', 'Tom Brennan', 'Operations', 'Operators'),
  person('ines', 'Inês Carvalho', 'Clinic', 'Nurses', 'Heads'),
  person('paul', 'Paul Meyer', 'Clinic', 'Nurses'),
  person('aisha', 'Aisha Rahman', 'Clinic', 'Nurses'),
  person('nora', 'Nora Svensson', 'Clinic', 'Nurses'),
  person('victor', 'Victor Dubois', 'Control', 'Officers', 'Heads'),
  person('mei', 'Mei Castellano', 'Control', 'Officers'),
]

export type DemoCategory = {
  name: string
  description: string
  allowed: string[]
  denied: string[]
  invitations: boolean
  chatHistory?: boolean
}

/** Analysts and traders never meet: each side's category denies the other. */
export const categories: DemoCategory[] = [
  {
    name: 'Front Office',
    description: 'Desks and sales',
    allowed: ['Traders', 'Officers'],
    denied: ['Analysts'],
    invitations: true,
  },
  {
    name: 'Research',
    description: 'Analysts, before publication',
    allowed: ['Analysts', 'Officers'],
    denied: ['Traders'],
    invitations: true,
  },
  {
    name: 'Operations',
    description: 'What keeps the house running',
    allowed: [demoDomain, ...groups],
    denied: [],
    invitations: true,
  },
  { name: 'Clinic', description: 'Wards and shifts', allowed: ['Nurses'], denied: [], invitations: false },
  { name: 'House', description: 'For everybody', allowed: [demoDomain, ...groups], denied: [], invitations: false },
  { name: 'Control', description: 'Officers only', allowed: ['Officers'], denied: [], invitations: false },
  {
    name: 'Corridor',
    description: 'Said and gone: no history',
    allowed: [demoDomain, ...groups],
    denied: [],
    invitations: false,
    chatHistory: false,
  },
]

export type Theme = 'desk' | 'research' | 'operations' | 'clinic' | 'house' | 'control'
export type DemoRoom = {
  name: string
  description: string
  category: string
  privacy: 'open' | 'closed' | 'secret'
  type?: 'auditorium'
  members?: string[] | null
  managers: string[]
  presenters?: string[]
  theme: Theme
  messages: number
  disabled?: true
}

export const rooms: DemoRoom[] = [
  {
    name: 'Rates desk',
    description: 'Swaps and government bonds',
    category: 'Front Office',
    privacy: 'closed',
    members: ['Traders'],
    managers: ['tara'],
    theme: 'desk',
    messages: 620,
  },
  {
    name: 'FX morning',
    description: 'What moved overnight',
    category: 'Front Office',
    privacy: 'open',
    managers: ['marco'],
    theme: 'desk',
    messages: 380,
  },
  {
    name: 'Block trades',
    description: 'Large orders, need to know',
    category: 'Front Office',
    privacy: 'secret',
    members: ['tara', 'marco', 'victor'],
    managers: ['tara'],
    theme: 'desk',
    messages: 140,
  },
  {
    name: 'Equity drafts',
    description: 'Reports before publication',
    category: 'Research',
    privacy: 'closed',
    members: ['Analysts'],
    managers: ['anna'],
    theme: 'research',
    messages: 310,
  },
  {
    name: 'Project Heron',
    description: 'A valuation nobody knows of',
    category: 'Research',
    privacy: 'secret',
    members: ['anna', 'lin'],
    managers: ['anna'],
    theme: 'research',
    messages: 90,
  },
  {
    name: 'Incident bridge',
    description: 'One stream while something is broken',
    category: 'Operations',
    privacy: 'open',
    managers: ['omar'],
    theme: 'operations',
    messages: 540,
  },
  {
    name: 'Change calendar',
    description: 'What will be changed, and when',
    category: 'Operations',
    privacy: 'closed',
    members: null,
    managers: ['greta'],
    theme: 'operations',
    messages: 220,
  },
  {
    name: 'Settlement breaks',
    description: 'Closed after the migration',
    category: 'Operations',
    privacy: 'closed',
    members: ['Operators'],
    managers: ['raj'],
    theme: 'operations',
    messages: 60,
    disabled: true,
  },
  {
    name: 'Ward 4 handover',
    description: 'Shift to shift',
    category: 'Clinic',
    privacy: 'closed',
    members: ['Nurses'],
    managers: ['ines'],
    theme: 'clinic',
    messages: 410,
  },
  {
    name: 'Beds',
    description: 'Free and needed, all wards',
    category: 'Clinic',
    privacy: 'open',
    managers: ['ines'],
    theme: 'clinic',
    messages: 180,
  },
  {
    name: 'Announcements',
    description: 'From the heads to everybody',
    category: 'House',
    privacy: 'open',
    type: 'auditorium',
    presenters: ['Heads'],
    managers: ['victor'],
    theme: 'house',
    messages: 45,
  },
  {
    name: 'Canteen',
    description: 'Lunch and lost umbrellas',
    category: 'House',
    privacy: 'open',
    managers: ['nora'],
    theme: 'house',
    messages: 260,
  },
  {
    name: 'Surveillance',
    description: 'Alerts and reviews',
    category: 'Control',
    privacy: 'secret',
    members: ['Officers'],
    managers: ['victor'],
    theme: 'control',
    messages: 110,
  },
  {
    name: 'Smoking balcony',
    description: 'Delivered live, kept by nobody',
    category: 'Corridor',
    privacy: 'open',
    managers: ['tom'],
    theme: 'house',
    messages: 0,
  },
]

/** Sentences with {…} places, filled in by demo-text.ts. */
export const lines: Record<Theme, string[]> = {
  desk: [
    '{n} mio {bond} at {price}, who cares?',
    'Mine at {price}.',
    'Done. {n} mio {bond}, {price}, ticket to follow.',
    'Bid {price} in {bond}, offered a tick higher.',
    'Central bank speaks at {time}. Keep it light until then.',
    'Client asks for a two way in {n} mio {bond}.',
    'I am flat {bond} again.',
    'Curve is **steeper** by {n} on the back of the auction.',
    'Anyone else seeing `{bond}` stale on the feed?',
    'Yes, stale here as well. Told operations.',
    'Back to normal at {time}.',
    'Careful, month end flows in {bond}.',
    'Limit for that name is full until tomorrow.',
    'Can somebody cover my book from {time}?',
    'I have it.',
    'Thanks :)',
    'Auction result: cover {ratio}, tail {n} cents.',
    'No view today, just watching.',
    'Who sold the {bond} at {price}?',
    'That was me, hedge for the {n} mio.',
  ],
  research: [
    'Draft {n} of the sector note is in the folder.',
    'Margin assumption looks high to me. {ratio} would be in line with the guidance.',
    'Agreed, I take it down.',
    'Model reruns overnight, numbers at {time}.',
    'Legal has cleared page {n}.',
    'Please do not forward this before the embargo ends at {time}.',
    'Discount rate: `{ratio}`, see the appendix.',
    'The peer group needs one more name.',
    'Added. Upside is now {n} %.',
    'Call with the company moved to {time}.',
    'Who writes the summary?',
    'I do.',
    'Chart {n} has the wrong axis.',
    'Fixed :)',
    'Two reviewers, please: @Anna and one other.',
    'Consensus is {ratio} below us.',
  ],
  operations: [
    'Queue on gateway {n} is growing, looking.',
    'Restarted node {n}, lag falls.',
    'Lag is {n} seconds and falling.',
    'All green since {time}.',
    'Who is on call tonight?',
    'I am, until {time}.',
    'Failover test of site B at {time}. No impact expected.',
    'Disk on `db-{n}` at {n} %. Extending.',
    'Extended.',
    'Change {n} approved by two.',
    'Rolled back change {n}: latency doubled.',
    'Root cause: certificate expired at {time}.',
    'Next update at {time}.',
    'Vendor has taken the ticket, severity 2.',
    'Backup of last night verified, restore took {n} minutes.',
    'Please nobody touch the router until {time}.',
    'Thanks all. Closing the bridge.',
    'Re-opening: it is back.',
  ],
  clinic: [
    'Bed {n} free from {time}.',
    'Need one for a transfer from ward {n}.',
    'Take bed {n}.',
    'Handover: quiet night, bed {n} slept well.',
    'Bed {n}: medication changed at {time}, see the chart.',
    'Doctor on call is on the way.',
    'Visiting hours end at {time} today.',
    'Infusion pump {n} is back from service.',
    'Isolation lifted for room {n}.',
    'Two colleagues sick, who can take the late shift?',
    'I can stay until {time}.',
    'You are an angel :)',
    'Pharmacy delivers at {time}.',
    'Physio comes at {time} for beds {n} and following.',
    'Please sign the list.',
    'Signed.',
  ],
  house: [
    'Soup today: pumpkin.',
    'Umbrella found at the entrance, blue.',
    'Mine! Thank you :D',
    'Lift {n} is being serviced until {time}.',
    'Somebody left the lights on in garage {n}.',
    'Running group meets at {time}.',
    'Good morning everybody :)',
    'The coffee machine on floor {n} works again.',
    'Hero.',
    'Fire drill at {time}. Please take the stairs.',
    'Cake in the kitchen on floor {n}, it is my birthday.',
    'Happy birthday!',
    'Is the canteen open on the holiday?',
    'Until {time}.',
  ],
  control: [
    'Alert {n}: unusual volume in {bond}. Reviewing.',
    'Closed alert {n}, explained by the auction.',
    'Please keep the recording of {time}.',
    'Wall crossing approved for one analyst, ends at {time}.',
    'Wall crossing ended.',
    'Monthly review: {n} alerts, none escalated.',
    'Escalated alert {n} to legal.',
    'Retention of room {n} extended.',
    'Access review of the desks is due.',
    'Done, {n} entries removed.',
  ],
}
