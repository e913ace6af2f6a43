import { desc } from 'drizzle-orm';
import { actorLabel } from '../../shared/actor.ts';
import type { PlanHistoryEntry } from '../../shared/plan.ts';
import type { Database } from '../db/connect.ts';
import { planVersions } from '../db/schema/index.ts';

/** The versions of the plan, the newest first. */
export async function planHistory(database: Database, limit = 200): Promise<PlanHistoryEntry[]> {
  const rows = await database.db
    .select({
      version: planVersions.version,
      at: planVersions.at,
      actor: planVersions.actor,
      kind: planVersions.kind,
      reason: planVersions.reason,
      undoes: planVersions.undoes,
      approval: planVersions.approval,
    })
    .from(planVersions)
    .orderBy(desc(planVersions.version))
    .limit(limit);
  return rows.map(({ approval, ...row }) => ({
    ...row,
    at: row.at.toISOString(),
    actor: actorLabel(row.actor),
    approval: approval?.how ?? null,
    ...(approval?.how === 'part' ? { leftOut: approval.leftOut.length } : {}),
  }));
}
