import { and, eq, sql } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import type { ProposalState } from '../../shared/plan.ts';
import type { Zone } from '../../shared/rules.ts';
import type { Tx } from '../db/connect.ts';
import { proposals } from '../db/schema/index.ts';
import type { Emit } from '../events/store.ts';

export type ProposalRow = typeof proposals.$inferSelect;

/**
 * Closes whatever proposal of the zone is open — or `only` that one — with this outcome. One whose time was over when
 * another took its place is `expired`.
 *
 * @returns the ids of those it closed
 */
export async function closeProposals(
  tx: Tx,
  emit: Emit,
  actor: Actor,
  zone: Zone,
  state: Exclude<ProposalState, 'open'>,
  at: Date,
  only?: number,
): Promise<number[]> {
  const closed = await tx
    .update(proposals)
    .set({
      state:
        state === 'superseded'
          ? sql`case when ${proposals.expiresAt} < ${at.toISOString()}::timestamptz then 'expired' else 'superseded' end`
          : state,
      closedAt: at,
      closedBy: actor,
    })
    .where(
      and(
        eq(proposals.zone, zone),
        eq(proposals.state, 'open'),
        only === undefined ? undefined : eq(proposals.id, only),
      ),
    )
    .returning({ id: proposals.id, state: proposals.state });
  for (const row of closed) {
    emit({
      type: 'proposal.closed',
      subject: { kind: 'proposal', id: row.id },
      zone,
      data: { state: row.state },
    });
  }
  return closed.map((row) => row.id);
}
