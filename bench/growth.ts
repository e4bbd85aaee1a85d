import type { Bench } from './figures.ts'
import { benchGrowthDelivery } from './growth-delivery.ts'
import { benchGrowthPosts } from './growth-posts.ts'
import { benchGrowthSessions } from './growth-sessions.ts'
import { benchGrowthSync } from './growth-sync.ts'

/** Curves: what one thing costs while one number grows. Each takes its points from `--points`, or its own. */
export const growth: Record<string, Bench> = {
  'growth-delivery': benchGrowthDelivery,
  'growth-sync': benchGrowthSync,
  'growth-posts': benchGrowthPosts,
  'growth-sessions': benchGrowthSessions,
}
