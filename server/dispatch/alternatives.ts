import { eq } from 'drizzle-orm';
import { PLANNER } from '../../shared/actor.ts';
import {
  DEFAULT_ALTERNATIVE,
  type AlternativeName,
  type PlanDiff,
  type PlanDocument,
  type PlannedRoute,
} from '../../shared/plan.ts';
import type { Rules } from '../../shared/rules.ts';
import type { Tx } from '../db/connect.ts';
import { proposalAlternatives, proposals, stops } from '../db/schema/index.ts';
import { commit } from '../events/store.ts';
import { nameStops } from './diff.ts';
import type { Dispatch } from './dispatch.ts';
import type { DraftPlan } from './draft.ts';
import { materialise, planHash } from './make-current.ts';
import { anyOf } from './snapshot.ts';
import { standInFor } from './slider-order.ts';
import { searchFor, type Freedom, type Prepared, type Solved } from './solve.ts';

/** At the slider's left end a moved stop costs five times as much, and at least half an hour of work. */
const MINIMAL_FACTOR = 5;
const MINIMAL_AT_LEAST_S = 1_800;
/** There, the usual minute of a container is dearer too: rounds keep their order. */
const MINIMAL_USUAL_FACTOR = 4;
/** At the right end moving is free, and a second late costs three times as much. */
const MAXIMAL_PROMISE_FACTOR = 3;

/** What each point of the slider asks of the search. */
export function freedomOf(name: AlternativeName, rules: Rules): Freedom {
  if (name === 'minimal') {
    return {
      stabilityS: Math.max(MINIMAL_AT_LEAST_S, MINIMAL_FACTOR * rules.stabilityS),
      usualFactor: MINIMAL_USUAL_FACTOR,
    };
  }
  if (name === 'maximal') return { stabilityS: 0, promiseFactor: MAXIMAL_PROMISE_FACTOR };
  return { stabilityS: rules.stabilityS };
}

/**
 * Computes what a proposal's slider has beside its default: the same question, answered with other freedoms, each
 * stored with its own plan, price and hash as soon as it is known. Ends early when the proposal is no longer open.
 *
 * @throws what the planner throws when it gives way to a search somebody waits for
 */
export async function fillAlternatives(
  dispatch: Dispatch,
  proposalId: number,
  prepared: Prepared,
): Promise<void> {
  for (const name of ['minimal', 'maximal'] as const) {
    const known = await knownAlternatives(dispatch, proposalId);
    if (known === null) return;
    if (known.includes(name)) continue;
    const freedom = freedomOf(name, prepared.snapshot.rules);
    const solved = await searchFor(dispatch, prepared, freedom, true);
    const standIn = await standInFor(dispatch, proposalId, prepared, { name, freedom, solved });
    await commit(dispatch.store, PLANNER, async (tx, emit) => {
      const [proposal] = await tx
        .select({ state: proposals.state, zone: proposals.zone, document: proposals.document })
        .from(proposals)
        .where(eq(proposals.id, proposalId))
        .for('update');
      if (proposal?.state !== 'open') return;
      const { document, diff } = standIn ?? (await named(tx, solved, proposal.document));
      const isNew = await storeAlternative(tx, {
        proposalId,
        name,
        stabilityS: freedom.stabilityS,
        base: prepared.snapshot.document,
        document,
        diff,
        solveMs: solved.solveMs,
        at: new Date(dispatch.store.clock()),
      });
      if (!isNew) return;
      emit({
        type: 'proposal.alternative',
        subject: { kind: 'proposal', id: proposalId },
        zone: proposal.zone,
        data: { alternative: name, moved: diff.moved.length, costS: diff.cost.seconds },
      });
    });
  }
}

/** What was found, with rows for what is new in it. */
async function named(
  tx: Tx,
  solved: Solved,
  made: PlanDocument,
): Promise<{ document: PlanDocument; diff: PlanDiff }> {
  const draft = await likeDefault(tx, solved.draft, made);
  const routes = await materialise(tx, draft);
  return {
    document: { routes, degraded: draft.degraded },
    diff: nameStops(solved.diff, draft, routes),
  };
}

/** Names of the alternatives stored so far; null when the proposal is no longer open. */
async function knownAlternatives(dispatch: Dispatch, proposalId: number): Promise<AlternativeName[] | null> {
  const rows = await dispatch.store.database.db
    .select({ state: proposals.state, name: proposalAlternatives.name })
    .from(proposals)
    .leftJoin(proposalAlternatives, eq(proposalAlternatives.proposalId, proposals.id))
    .where(eq(proposals.id, proposalId));
  if (rows[0]?.state !== 'open') return null;
  return rows.flatMap((row) => row.name ?? []);
}

export interface NewAlternative {
  proposalId: number;
  name: AlternativeName;
  stabilityS: number;
  /** The plan the proposal was computed on. */
  base: PlanDocument;
  document: PlanDocument;
  diff: PlanDiff;
  solveMs: number;
  at: Date;
}

/** @returns false when it was stored already, by another instance */
export async function storeAlternative(tx: Tx, alternative: NewAlternative): Promise<boolean> {
  const { base, ...row } = alternative;
  const stored = await tx
    .insert(proposalAlternatives)
    .values({ ...row, hash: planHash(mergedWith(base, row.document.routes)) })
    .onConflictDoNothing()
    .returning({ name: proposalAlternatives.name });
  return stored.length > 0;
}

/** A plan with these routes in place of its own: what a version of them would hold. */
export function mergedWith(base: PlanDocument, changed: readonly PlannedRoute[]): PlanDocument {
  const byId = new Map(changed.map((route) => [route.routeId, route]));
  const added = changed.filter((route) => !base.routes.some((other) => other.routeId === route.routeId));
  return {
    ...base,
    routes: [...base.routes.map((route) => byId.get(route.routeId) ?? route), ...added].filter(
      (route) => route.stops.length > 0,
    ),
  };
}

/**
 * New routes, and depot and landfill visits of new routes, take the rows that the default already made, so that the
 * same plan has the same hash whichever point of the slider found it.
 */
export async function likeDefault(tx: Tx, draft: DraftPlan, made: PlanDocument): Promise<DraftPlan> {
  const fresh = draft.routes.filter((route) => route.tail.some((stop) => stop.stopId === null));
  if (fresh.length === 0) return draft;
  const ids = made.routes.flatMap((route) => route.stops.map((stop) => stop.stopId));
  const rows = await tx.select().from(stops).where(anyOf(stops.id, ids));
  const byId = new Map(rows.map((row) => [row.id, row]));
  const routes = draft.routes.map((route) => {
    const same = made.routes.find((other) => other.truckId === route.truckId);
    if (same === undefined) return route;
    const spare = same.stops.flatMap((stop) => byId.get(stop.stopId) ?? []);
    const taken = new Set(route.tail.flatMap((stop) => stop.stopId ?? []));
    const tail = route.tail.map((stop) => {
      if (stop.stopId !== null || stop.incidentId !== null || stop.containerId !== null) return stop;
      const found = spare.find(
        (row) =>
          !taken.has(row.id) &&
          row.state === 'planned' &&
          row.kind === stop.kind &&
          row.serviceS === stop.serviceS &&
          row.lat === stop.lat &&
          row.lon === stop.lon,
      );
      if (found === undefined) return stop;
      taken.add(found.id);
      return { ...stop, stopId: found.id };
    });
    return { ...route, routeId: route.routeId ?? same.routeId, tail };
  });
  return { ...draft, routes };
}

/** The stored document and change of one alternative; the default's are the proposal's own. Null while not computed. */
export async function alternativeOf(
  tx: Pick<Tx, 'select'>,
  proposal: { id: number; document: PlanDocument; diff: PlanDiff },
  name: AlternativeName,
): Promise<{ document: PlanDocument; diff: PlanDiff } | null> {
  if (name === DEFAULT_ALTERNATIVE) return { document: proposal.document, diff: proposal.diff };
  const rows = await tx
    .select({
      name: proposalAlternatives.name,
      document: proposalAlternatives.document,
      diff: proposalAlternatives.diff,
    })
    .from(proposalAlternatives)
    .where(eq(proposalAlternatives.proposalId, proposal.id));
  return rows.find((row) => row.name === name) ?? null;
}
