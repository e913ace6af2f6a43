import { eq } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import {
  DEFAULT_ALTERNATIVE,
  type AlternativeName,
  type PartRoute,
  type PlanDiff,
  type PlanProblem,
} from '../../shared/plan.ts';
import { proposals } from '../db/schema/index.ts';
import { commit } from '../events/store.ts';
import { alternativeOf, likeDefault } from './alternatives.ts';
import { assertUntouched, lockProposal, makeProposalCurrent } from './approve.ts';
import { nameStops } from './diff.ts';
import type { Dispatch } from './dispatch.ts';
import { lockPlan, materialise } from './make-current.ts';
import { askedOf } from './propose.ts';
import { nameKnown, rework, type Reworked } from './rework.ts';
import { readSnapshot, type Snapshot } from './snapshot.ts';

export interface ApprovePartInput {
  id: number;
  alternative?: AlternativeName | undefined;
  /** The stops whose move is wanted; every other stop stays where it is. */
  stopIds: readonly number[];
  /** True prices the part and names what stands against it; nothing changes. */
  dryRun?: boolean | undefined;
}

export interface PricedPart {
  version?: number;
  diff: PlanDiff;
  /** Stops the proposal would move and the part does not. */
  leftOut: number[];
  /** Rules the part would break; with any, it cannot be approved. */
  problems: PlanProblem[];
  /** Further stops whose move would make it keep every rule; empty where none does. */
  together: number[];
  /** When the part's routes reach their stops: what its promises are counted by. */
  routes: PartRoute[];
}

/**
 * Approves some moves of a proposal. The part is priced first, from the present: it may cost more or less than its
 * share of the whole. Moves that only work together are refused apart, with the reason and with what is missing.
 * What is left out stays as it is: a stop on its truck, an incident among those that wait.
 *
 * @throws DomainError `not-found`, `invalid-transition`, `invalid-input` (no such move in it, or none), `rule-broken`,
 * `stale-version`, `stop-frozen`
 */
export async function approvePart(
  dispatch: Dispatch,
  actor: Actor,
  input: ApprovePartInput,
): Promise<PricedPart> {
  const { store } = dispatch;
  const { db } = store.database;
  const name = input.alternative ?? DEFAULT_ALTERNATIVE;
  const [proposal] = await db.select().from(proposals).where(eq(proposals.id, input.id));
  if (proposal === undefined) throw new DomainError('not-found', 'No such proposal.', { id: input.id });
  const chosen = await alternativeOf(db, proposal, name);
  if (chosen === null) {
    throw new DomainError('not-found', 'This alternative is not computed yet.', {
      id: input.id,
      alternative: name,
    });
  }
  const moved = chosen.diff.moved.map((move) => move.stopId);
  const unknown = input.stopIds.filter((stopId) => !moved.includes(stopId));
  if (unknown.length > 0 || input.stopIds.length === 0) {
    throw new DomainError('invalid-input', 'The part names no move of the proposal.', { stopIds: unknown });
  }
  const leftOut = moved.filter((stopId) => !input.stopIds.includes(stopId));
  const snapshot = await readSnapshot(db, store.clock());
  await db.transaction((tx) => assertUntouched(tx, snapshot, proposal.baseVersion, chosen.document.routes));
  const part = await rework(dispatch, snapshot, {
    zone: proposal.zone,
    routes: chosen.document.routes,
    without: new Set(leftOut),
    redrawTruckIds: askedOf(proposal).redrawTruckIds,
  });
  const { problems, together } = part;
  const routes = routesOf(snapshot, part);
  if (input.dryRun === true) {
    const diff = nameKnown(part.diff, chosen.document.routes, part.rows);
    return { diff, leftOut, problems, together, routes };
  }
  if (problems.length > 0) {
    throw new DomainError('rule-broken', 'The part alone breaks a rule.', { problems, together });
  }
  return commit(store, actor, async (tx, emit) => {
    const current = await lockPlan(tx);
    const locked = await lockProposal(tx, input.id, store.clock());
    await assertUntouched(tx, current, snapshot.version, chosen.document.routes);
    const draft = await likeDefault(tx, part.draft, chosen.document);
    const made = await materialise(tx, draft);
    const diff = nameStops(part.diff, draft, made);
    const version = await makeProposalCurrent(tx, emit, actor, current, locked, {
      document: { routes: made, degraded: draft.degraded },
      diff,
      approval: { how: leftOut.length === 0 ? 'whole' : 'part', alternative: name, leftOut },
      nowMs: store.clock(),
    });
    return { version, diff, leftOut, problems, together, routes };
  });
}

/** The arrivals of what changes; a truck out of service keeps what nobody takes, and arrives nowhere. */
function routesOf(snapshot: Snapshot, { draft, rows }: Reworked): PartRoute[] {
  const stopOfIncident = new Map(
    [...rows.values()].flatMap((row) => (row.incidentId === null ? [] : [[row.incidentId, row.id] as const])),
  );
  return draft.routes
    .filter((route) => snapshot.trucks.get(route.truckId)?.state === 'available')
    .map((route) => ({
      truckId: route.truckId,
      stops: route.tail.flatMap(({ stopId, incidentId, plan }) => {
        const id = stopId ?? stopOfIncident.get(incidentId ?? -1);
        return id === undefined ? [] : [{ stopId: id, incidentId, eta: plan.arrival }];
      }),
    }));
}
