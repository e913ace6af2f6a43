import { and, eq, inArray, isNull, lt, ne, not, notExists, sql } from 'drizzle-orm';
import { SYSTEM } from '../../shared/actor.ts';
import { EMPTY_DIFF, type PlanDocument } from '../../shared/plan.ts';
import { planDrafts, proposalAlternatives, proposals, stops, visits } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import { anyOf } from './snapshot.ts';

const DAY_MS = 86_400_000;
/** What was not chosen is kept a week to be read: each holds whole routes. */
const NOT_CHOSEN_DAYS = 7;
/** As long as the messages of alerts: while somebody still asks what was proposed. */
const PROPOSED_DAYS = 90;
const AT_ONCE = 1_000;

const FORGOTTEN_DOCUMENT: PlanDocument = { routes: [], degraded: false };

/**
 * Forgets what was proposed and not taken, a bounded number at a time: the alternatives and ended drafts of a week ago;
 * after 90 days the routes of closed proposals, drafts nobody went on with, and stops that no version of the plan ever
 * held. Versions hold what was approved; of a proposal its row and its events stay: what it was for, when, by whom and
 * how it ended.
 */
export async function forgetOld(store: Store): Promise<void> {
  const { db } = store.database;
  const before = (days: number) => new Date(store.clock() - days * DAY_MS);
  await db.delete(proposalAlternatives).where(
    inArray(
      proposalAlternatives.proposalId,
      db
        .selectDistinct({ id: proposalAlternatives.proposalId })
        .from(proposalAlternatives)
        .innerJoin(proposals, eq(proposals.id, proposalAlternatives.proposalId))
        .where(and(ne(proposals.state, 'open'), lt(proposals.closedAt, before(NOT_CHOSEN_DAYS))))
        .limit(AT_ONCE),
    ),
  );
  await discardAbandonedDrafts(store, before(PROPOSED_DAYS));
  await db.delete(planDrafts).where(
    inArray(
      planDrafts.id,
      db
        .select({ id: planDrafts.id })
        .from(planDrafts)
        .where(and(ne(planDrafts.state, 'open'), lt(planDrafts.at, before(NOT_CHOSEN_DAYS))))
        .limit(AT_ONCE),
    ),
  );
  await db
    .update(proposals)
    .set({ document: FORGOTTEN_DOCUMENT, diff: EMPTY_DIFF })
    .where(
      inArray(
        proposals.id,
        db
          .select({ id: proposals.id })
          .from(proposals)
          .where(
            and(
              ne(proposals.state, 'open'),
              lt(proposals.closedAt, before(PROPOSED_DAYS)),
              sql`${proposals.document}->'routes' <> '[]'::jsonb`,
              notExists(
                db
                  .select({ id: planDrafts.id })
                  .from(planDrafts)
                  .where(eq(planDrafts.proposalId, proposals.id)),
              ),
            ),
          )
          .limit(AT_ONCE),
      ),
    );
  await forgetStops(store, before(PROPOSED_DAYS));
  // Left by an instance that died; one that lapsed is nobody's.
  await db.execute(sql`delete from leases where expires_at < now() - interval '1 day'`);
}

async function discardAbandonedDrafts(store: Store, before: Date): Promise<void> {
  const isAbandoned = and(eq(planDrafts.state, 'open'), lt(planDrafts.at, before));
  const some = store.database.db
    .select({ id: planDrafts.id })
    .from(planDrafts)
    .where(isAbandoned)
    .limit(AT_ONCE);
  if ((await some).length === 0) return;
  await commit(store, SYSTEM, async (tx, emit) => {
    const closed = await tx
      .update(planDrafts)
      .set({ state: 'discarded' })
      .where(and(isAbandoned, inArray(planDrafts.id, some)))
      .returning({ id: planDrafts.id, proposalId: planDrafts.proposalId });
    const zones = new Map(
      (
        await tx
          .select({ id: proposals.id, zone: proposals.zone })
          .from(proposals)
          .where(
            inArray(
              proposals.id,
              closed.map((draft) => draft.proposalId),
            ),
          )
      ).map((row) => [row.id, row.zone]),
    );
    for (const { id, proposalId } of closed)
      emit({
        type: 'draft.closed',
        subject: { kind: 'draft', id },
        zone: zones.get(proposalId)!,
        data: { state: 'discarded', proposalId },
      });
  });
}

/** Stops made for something proposed, in no version ever, and in nothing that may still become one. */
async function forgetStops({ database: { db } }: Store, before: Date): Promise<void> {
  const isForgotten = and(
    lt(stops.draftedAt, before),
    isNull(stops.routeId),
    eq(stops.state, 'planned'),
    notExists(db.select({ id: visits.id }).from(visits).where(eq(visits.stopId, stops.id))),
  );
  const [one] = await db.select({ id: stops.id }).from(stops).where(isForgotten).limit(1);
  if (one === undefined) return;
  const documents = [
    ...(await db.select({ document: proposals.document }).from(proposals).where(eq(proposals.state, 'open'))),
    ...(await db
      .select({ document: proposalAlternatives.document })
      .from(proposalAlternatives)
      .innerJoin(proposals, eq(proposals.id, proposalAlternatives.proposalId))
      .where(eq(proposals.state, 'open'))),
    ...(await db
      .select({ document: planDrafts.document })
      .from(planDrafts)
      .where(eq(planDrafts.state, 'open'))),
  ];
  const wanted = new Set(
    documents.flatMap(({ document }) =>
      document.routes.flatMap((route) => route.stops.map((stop) => stop.stopId)),
    ),
  );
  const some = db
    .select({ id: stops.id })
    .from(stops)
    .where(and(isForgotten, not(anyOf(stops.id, [...wanted]))))
    .limit(AT_ONCE);
  // Said twice: one that is proposed again at this moment is looked at once more before it goes.
  await db.delete(stops).where(and(isForgotten, inArray(stops.id, some)));
}
