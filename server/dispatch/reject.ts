import { and, eq } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import { planHead, proposals } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';

/**
 * Turns a proposal down, with the reason; the plan stays as it is.
 *
 * @throws DomainError `not-found`, `invalid-transition`
 */
export async function reject(
  store: Store,
  actor: Actor,
  input: { id: number; reason: string },
): Promise<{ version: number }> {
  return commit(store, actor, async (tx, emit) => {
    const [row] = await tx
      .update(proposals)
      .set({
        state: 'rejected',
        closedAt: new Date(store.clock()),
        closedBy: actor,
        closeReason: input.reason,
      })
      .where(and(eq(proposals.id, input.id), eq(proposals.state, 'open')))
      .returning({ id: proposals.id, zone: proposals.zone });
    if (row === undefined) {
      const [found] = await tx
        .select({ state: proposals.state })
        .from(proposals)
        .where(eq(proposals.id, input.id));
      if (found === undefined) throw new DomainError('not-found', 'No such proposal.', { id: input.id });
      throw new DomainError('invalid-transition', 'The proposal is no longer open.', { state: found.state });
    }
    emit({
      type: 'proposal.closed',
      subject: { kind: 'proposal', id: row.id },
      zone: row.zone,
      data: { state: 'rejected', reason: input.reason },
    });
    const [head] = await tx.select({ version: planHead.version }).from(planHead);
    return { version: head!.version };
  });
}
