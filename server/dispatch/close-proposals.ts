import { and, eq, lt } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import type { ProposalState } from '../../shared/plan.ts';
import type { Zone } from '../../shared/rules.ts';
import type { Tx } from '../db/connect.ts';
import { proposals } from '../db/schema/index.ts';
import { commit, type Emit } from '../events/store.ts';
import type { Dispatch } from './dispatch.ts';

export type ProposalRow = typeof proposals.$inferSelect;

/** Closes whatever proposal of the zone is open — or `only` that one — with this outcome. @returns the ids of those it closed */
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
    .set({ state, closedAt: at, closedBy: actor })
    .where(
      and(
        eq(proposals.zone, zone),
        eq(proposals.state, 'open'),
        only === undefined ? undefined : eq(proposals.id, only),
      ),
    )
    .returning({ id: proposals.id });
  for (const row of closed) {
    emit({ type: 'proposal.closed', subject: { kind: 'proposal', id: row.id }, zone, data: { state } });
  }
  return closed.map((row) => row.id);
}

/** Ends proposals whose time is over; none is ever approved by that. @returns them, so that each is computed anew */
export async function expireProposals(dispatch: Dispatch, actor: Actor): Promise<ProposalRow[]> {
  const now = new Date(dispatch.store.clock());
  const due = and(eq(proposals.state, 'open'), lt(proposals.expiresAt, now));
  const [one] = await dispatch.store.database.db
    .select({ id: proposals.id })
    .from(proposals)
    .where(due)
    .limit(1);
  if (one === undefined) return [];
  return commit(dispatch.store, actor, async (tx, emit) => {
    const closed = await tx
      .update(proposals)
      .set({ state: 'expired', closedAt: now, closedBy: actor })
      .where(due)
      .returning();
    for (const row of closed) {
      emit({
        type: 'proposal.closed',
        subject: { kind: 'proposal', id: row.id },
        zone: row.zone,
        data: { state: 'expired' },
      });
    }
    return closed;
  });
}
