import { sql } from 'drizzle-orm';
import type { Tx } from '../db/connect.ts';

/**
 * Whoever changes what is driven (stops, routes, assignments) and whoever changes what is planned take this lock first:
 * a stop cannot be finished while a new version is deciding where it belongs.
 */
export async function lockPlanHead(tx: Tx): Promise<void> {
  await tx.execute(sql`select version from plan_head where id = 1 for update`);
}
