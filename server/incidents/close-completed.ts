import { and, eq } from 'drizzle-orm';
import type { Tx } from '../db/connect.ts';
import { incidents } from '../db/schema/index.ts';
import type { Emit } from '../events/store.ts';
import { refusedIncident } from './refuse.ts';

/**
 * assigned → completed, inside the transaction of whoever did the work.
 * @throws DomainError `invalid-transition`, `not-found`
 */
export async function closeCompleted(
  tx: Tx,
  emit: Emit,
  nowMs: number,
  id: number,
  outcome: string | null,
): Promise<void> {
  const [row] = await tx
    .update(incidents)
    .set({ state: 'completed', closedAt: new Date(nowMs), outcome })
    .where(and(eq(incidents.id, id), eq(incidents.state, 'assigned')))
    .returning();
  if (!row) throw await refusedIncident(tx, id, 'completed');
  emit({
    type: 'incident.completed',
    subject: { kind: 'incident', id },
    zone: row.zone,
    data: { severity: row.severity, late: nowMs > row.windowEnd.getTime() },
  });
}
