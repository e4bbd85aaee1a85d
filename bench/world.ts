import { createHash } from 'node:crypto'

/**
 * The capacity model of the original (F2): each user in 12 rooms of 30, 2 of 150 and 2 of everybody. Ids and tokens follow
 * from numbers, so that generators know them without asking.
 */
export const SMALL_PER_USER = 12
export const MEDIUM_PER_USER = 2
export const LARGE = 2
export const SMALL = 30
export const MEDIUM = 150
/** Rooms that only the measurement of posts uses. */
export const POST_ROOMS = 500
/** How much stands behind each user and room. `affiliations`: groups, units and domain that a user belongs to. */
export type Fill = { affiliations: number; messages: number }
/** Affiliations at the lower end of the model's 100 to 200. */
export const wholeWorld: Fill = { affiliations: 100, messages: 50 }
/** For what looks neither at rights nor at history more than once. */
export const lightWorld: Fill = { affiliations: 10, messages: 1 }
/** Numbers of users that divide into rooms of 30 and 150 and share no factor with the strides. */
export const USERS_STEP = 1200

/** Room by room other neighbours: primes that divide no multiple of the step. */
export const strides = [1, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53]

export function uuidOf(kind: 'user' | 'room' | 'group', number: number): string {
  const hex = createHash('md5').update(`${kind} ${number}`).digest('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

export const roomId = (number: number) => uuidOf('room', number)
export const tokenOf = (user: number) => `bench token ${user}`

/** Numbers of rooms: large ones first, then those for posts, small ones, medium ones. */
export const largeRoom = (number: number) => number
export const postRoom = (number: number) => LARGE + number
const firstSmall = LARGE + POST_ROOMS
const firstMedium = (users: number) => firstSmall + (SMALL_PER_USER * users) / SMALL
export const roomCount = (users: number) => firstMedium(users) + (MEDIUM_PER_USER * users) / MEDIUM

/** The rooms that a user follows. */
export function roomsOf(user: number, users: number): number[] {
  const place = (stride: number) => (user * stride) % users
  const small = strides
    .slice(0, SMALL_PER_USER)
    .map((stride, index) => firstSmall + (index * users) / SMALL + Math.floor(place(stride) / SMALL))
  const medium = strides
    .slice(SMALL_PER_USER)
    .map((stride, index) => firstMedium(users) + (index * users) / MEDIUM + Math.floor(place(stride) / MEDIUM))
  return [...Array(LARGE).keys(), ...small, ...medium]
}
