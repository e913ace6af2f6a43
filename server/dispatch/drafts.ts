import { and, eq } from 'drizzle-orm';
import { actorLabel, type Actor } from '../../shared/actor.ts';
import { DomainError } from '../../shared/errors.ts';
import {
  DEFAULT_ALTERNATIVE,
  type AlternativeName,
  type DraftView,
  type PlanDiff,
  type PlanDocument,
  type PlanProblem,
  type PlannedRoute,
} from '../../shared/plan.ts';
import type { Database, Tx } from '../db/connect.ts';
import { planDrafts, planVersions, proposals, routes as routesTable } from '../db/schema/index.ts';
import { commit, type Emit, type Store } from '../events/store.ts';
import { alternativeOf, likeDefault, mergedWith } from './alternatives.ts';
import { assertUntouched, makeProposalCurrent, touchedSince } from './approve.ts';
import type { ProposalRow } from './close-proposals.ts';
import { nameStops } from './diff.ts';
import type { Dispatch } from './dispatch.ts';
import { lockPlan, materialise } from './make-current.ts';
import type { DraftStop } from './draft.ts';
import { weighMove, type Move } from './move-stop.ts';
import { drawn, stopsOf } from './proposals.ts';
import { askedOf } from './propose.ts';
import { nameKnown, rework } from './rework.ts';
import { anyOf, EMPTY_DOCUMENT, readCurrentPlan, readSnapshot, type Snapshot } from './snapshot.ts';

type DraftRow = typeof planDrafts.$inferSelect;

/**
 * Begins to change a proposal by hand: its chosen alternative becomes a draft of whoever asks. The proposal stays
 * open for the others. Asking again gives the draft begun before.
 *
 * @throws DomainError `not-found`, `invalid-transition`
 */
export async function openDraft(
  store: Store,
  actor: Actor,
  input: { proposalId: number; alternative?: AlternativeName | undefined },
): Promise<DraftView> {
  const name = input.alternative ?? DEFAULT_ALTERNATIVE;
  const id = await commit(store, actor, async (tx, emit) => {
    const [proposal] = await tx
      .select()
      .from(proposals)
      .where(eq(proposals.id, input.proposalId))
      .for('update');
    if (proposal === undefined) {
      throw new DomainError('not-found', 'No such proposal.', { id: input.proposalId });
    }
    const begun = (await openDrafts(tx, proposal.id)).find(
      (draft) => draft.alternative === name && isBy(draft, actor),
    );
    if (begun !== undefined) return begun.id;
    const isForgotten = proposal.state !== 'open' && proposal.document.routes.length === 0;
    if ((proposal.state !== 'open' && proposal.state !== 'superseded') || isForgotten) {
      throw new DomainError('invalid-transition', 'The proposal is no longer open.', {
        id: proposal.id,
        state: proposal.state,
      });
    }
    const chosen = await alternativeOf(tx, proposal, name);
    if (chosen === null) {
      throw new DomainError('not-found', 'This alternative is not computed yet.', { alternative: name });
    }
    const [row] = await tx
      .insert(planDrafts)
      .values({
        proposalId: proposal.id,
        alternative: name,
        author: actor,
        baseVersion: proposal.baseVersion,
        at: new Date(store.clock()),
        document: chosen.document,
        diff: chosen.diff,
      })
      .returning({ id: planDrafts.id });
    emit({
      type: 'draft.opened',
      subject: { kind: 'draft', id: row!.id },
      zone: proposal.zone,
      data: { proposalId: proposal.id, alternative: name },
    });
    return row!.id;
  });
  return draftView(store.database, id);
}

/** The place as in `plans.moveStop`, among the stops of the route as the draft has it. */
export interface MoveInDraftInput extends Move {
  draftId: number;
  dryRun?: boolean | undefined;
  /** The revision the screen shows. */
  revision?: number | undefined;
}

export interface MovedInDraft {
  /** What this one move changes against the draft. */
  diff: PlanDiff;
  /** The draft after it; absent in a dry run. */
  draft?: DraftView;
  /** Rules the draft would break as it stands; with any, it cannot be approved. */
  problems?: PlanProblem[];
}

/**
 * The verb that moves a stop, on a draft: the plan stays as it is, the draft is priced anew as a whole.
 *
 * @throws DomainError as `moveStop`; `not-yours` for another's draft; `stale-version` where the plan changed under the
 * draft, or the draft on another screen
 */
export async function moveInDraft(
  dispatch: Dispatch,
  actor: Actor,
  input: MoveInDraftInput,
): Promise<MovedInDraft> {
  const { store } = dispatch;
  const draft = await ownDraft(store.database, actor, input.draftId);
  assertRevision(draft, input.revision);
  const snapshot = await readSnapshot(store.database.db, store.clock());
  const picture = await pictureOf(store.database, snapshot, draft.document);
  const weighed = await weighMove(dispatch, picture, input);
  if (input.dryRun === true) return { diff: weighed.diff };
  await store.database.db.transaction((tx) =>
    assertUntouched(tx, snapshot, draft.baseVersion, draft.document.routes),
  );

  const drawnDraft = await weighed.draw();
  // Rows before versions: new landfill visits have theirs before the draft names them.
  const changed = (await store.database.db.transaction((tx) => materialise(tx, drawnDraft))).filter(
    // A truck that stood idle and gave its only stop away again stands idle.
    (route) =>
      snapshot.document.routes.some((other) => other.routeId === route.routeId) ||
      drawnDraft.routes.some((one) => one.truckId === route.truckId && one.tail.some(isWork)),
  );
  const takerId = weighed.toTruckId;
  const givenUp = drawnDraft.routes.filter(
    (route) => !changed.some((other) => other.truckId === route.truckId),
  );
  const proposal = await proposalOf(store.database, draft.proposalId);
  const { redrawTruckIds } = askedOf(proposal);
  const document: PlanDocument = {
    routes: withoutUnchanged(
      snapshot.document,
      mergeChanged(
        draft.document.routes.filter((route) => !givenUp.some(({ routeId }) => routeId === route.routeId)),
        changed,
      ),
      new Set(redrawTruckIds),
    ),
    degraded: draft.document.degraded || drawnDraft.degraded,
  };
  const priced = await rework(dispatch, snapshot, {
    zone: proposal.zone,
    routes: document.routes,
    without: new Set(),
    redrawTruckIds,
  });
  const diff = nameKnown(priced.diff, document.routes, priced.rows);
  await commit(store, actor, async (tx, emit) => {
    const updated = await tx
      .update(planDrafts)
      .set({
        document,
        diff,
        baseVersion: snapshot.version,
        revision: draft.revision + 1,
        at: new Date(store.clock()),
      })
      .where(
        and(
          eq(planDrafts.id, draft.id),
          eq(planDrafts.revision, draft.revision),
          eq(planDrafts.state, 'open'),
        ),
      )
      .returning({ id: planDrafts.id });
    if (updated.length === 0) throw staleDraft(draft);
    emit({
      type: 'draft.changed',
      subject: { kind: 'draft', id: draft.id },
      zone: proposal.zone,
      data: {
        proposalId: proposal.id,
        revision: draft.revision + 1,
        stopId: input.stopId,
        toRouteId: changed.find((route) => route.truckId === takerId)?.routeId ?? input.toRouteId ?? null,
        toTruckId: takerId,
      },
    });
  });
  return {
    diff: weighed.diff,
    draft: await draftView(store.database, draft.id),
    problems: priced.problems,
  };
}

/**
 * Makes a draft the plan, priced from the present once more. Where somebody else changed its routes first it is
 * refused with who, what and when, and the draft is kept.
 *
 * @throws DomainError `not-found`, `not-yours`, `stale-version`, `stop-frozen`, `rule-broken`, `invalid-transition`
 */
export async function approveDraft(
  dispatch: Dispatch,
  actor: Actor,
  input: { id: number; revision?: number | undefined },
): Promise<{ version: number; diff: PlanDiff }> {
  const { store } = dispatch;
  const draft = await ownDraft(store.database, actor, input.id);
  assertRevision(draft, input.revision);
  const snapshot = await readSnapshot(store.database.db, store.clock());
  await store.database.db.transaction((tx) =>
    assertUntouched(tx, snapshot, draft.baseVersion, draft.document.routes),
  );
  const proposal = await proposalOf(store.database, draft.proposalId);
  const part = await rework(dispatch, snapshot, {
    zone: proposal.zone,
    routes: draft.document.routes,
    without: new Set(),
    redrawTruckIds: askedOf(proposal).redrawTruckIds,
  });
  if (part.problems.length > 0) {
    throw new DomainError('rule-broken', 'The draft breaks a rule.', { problems: part.problems });
  }
  if (part.draft.routes.length === 0) {
    throw new DomainError('invalid-transition', 'The draft changes nothing.', { id: draft.id });
  }
  return commit(store, actor, async (tx, emit) => {
    const current = await lockPlan(tx);
    await assertUntouched(tx, current, snapshot.version, draft.document.routes);
    const [locked] = await tx.select().from(proposals).where(eq(proposals.id, proposal.id)).for('update');
    const named = await likeDefault(tx, part.draft, draft.document);
    const routes = await materialise(tx, named);
    const diff = nameStops(part.diff, named, routes);
    const kept = new Set(diff.moved.map((move) => move.stopId));
    const version = await makeProposalCurrent(tx, emit, actor, current, locked!, {
      document: { routes, degraded: named.degraded },
      diff,
      approval: {
        how: draft.revision === 1 ? 'whole' : 'edited',
        alternative: draft.alternative,
        leftOut: proposal.diff.moved.map((move) => move.stopId).filter((stopId) => !kept.has(stopId)),
      },
      nowMs: store.clock(),
    });
    await closeDraft(tx, emit, draft, proposal, 'approved', version);
    return { version, diff };
  });
}

/** @throws DomainError `not-found`, `not-yours` */
export async function discardDraft(
  store: Store,
  actor: Actor,
  input: { id: number },
): Promise<{ id: number }> {
  const draft = await ownDraft(store.database, actor, input.id);
  const proposal = await proposalOf(store.database, draft.proposalId);
  await commit(store, actor, (tx, emit) => closeDraft(tx, emit, draft, proposal, 'discarded', null));
  return { id: draft.id };
}

/** Every draft somebody is working on, with whose it is. */
export async function listDrafts(database: Database): Promise<DraftView[]> {
  const rows = await database.db.select().from(planDrafts).where(eq(planDrafts.state, 'open'));
  const current = await readCurrentPlan(database.db);
  return Promise.all(rows.map((row) => viewOf(database, row, current)));
}

async function draftView(database: Database, id: number): Promise<DraftView> {
  const [row] = await database.db.select().from(planDrafts).where(eq(planDrafts.id, id));
  return viewOf(database, row!, await readCurrentPlan(database.db));
}

async function viewOf(
  database: Database,
  row: DraftRow,
  current: { version: number; document: PlanDocument },
): Promise<DraftView> {
  const proposal = await proposalOf(database, row.proposalId);
  const base =
    row.baseVersion === current.version ? current.document : await versionDocument(database, row.baseVersion);
  const rows = await stopsOf(database, row.document.routes);
  return {
    id: row.id,
    proposalId: row.proposalId,
    alternative: row.alternative,
    zone: proposal.zone,
    author: actorLabel(row.author),
    revision: row.revision,
    baseVersion: row.baseVersion,
    fresh: touchedSince(base, current.document, row.document.routes).length === 0,
    at: row.at.toISOString(),
    diff: row.diff,
    routes: row.document.routes.map((route) => drawn(route, rows)),
  };
}

async function openDrafts(tx: Tx, proposalId: number): Promise<DraftRow[]> {
  return tx
    .select()
    .from(planDrafts)
    .where(and(eq(planDrafts.proposalId, proposalId), eq(planDrafts.state, 'open')));
}

function isBy(draft: DraftRow, actor: Actor): boolean {
  return draft.author.kind === 'user' && actor.kind === 'user' && draft.author.id === actor.id;
}

async function ownDraft(database: Database, actor: Actor, id: number): Promise<DraftRow> {
  const [draft] = await database.db.select().from(planDrafts).where(eq(planDrafts.id, id));
  if (draft === undefined || draft.state !== 'open') {
    throw new DomainError('not-found', 'No such draft.', { id });
  }
  if (!isBy(draft, actor)) {
    throw new DomainError('not-yours', 'The draft is somebody else’s.', { by: actorLabel(draft.author) });
  }
  return draft;
}

function assertRevision(draft: DraftRow, revision: number | undefined): void {
  if (revision !== undefined && revision !== draft.revision) throw staleDraft(draft);
}

function staleDraft(draft: DraftRow): DomainError {
  return new DomainError('stale-version', 'The draft was changed on another screen.', {
    draftId: draft.id,
    revision: draft.revision,
    by: actorLabel(draft.author),
    at: draft.at.toISOString(),
  });
}

/** @throws DomainError `stale-version` when it was changed or ended meanwhile: neither is lost */
async function closeDraft(
  tx: Tx,
  emit: Emit,
  draft: DraftRow,
  proposal: ProposalRow,
  state: 'approved' | 'discarded',
  version: number | null,
): Promise<void> {
  const closed = await tx
    .update(planDrafts)
    .set({ state, version })
    .where(
      and(eq(planDrafts.id, draft.id), eq(planDrafts.revision, draft.revision), eq(planDrafts.state, 'open')),
    )
    .returning({ id: planDrafts.id });
  if (closed.length === 0) throw staleDraft(draft);
  emit({
    type: 'draft.closed',
    subject: { kind: 'draft', id: draft.id },
    zone: proposal.zone,
    data: { state, proposalId: draft.proposalId, ...(version === null ? {} : { version }) },
  });
}

async function proposalOf(database: Database, id: number): Promise<ProposalRow> {
  const [row] = await database.db.select().from(proposals).where(eq(proposals.id, id));
  return row!;
}

async function versionDocument(database: Database, version: number): Promise<PlanDocument> {
  const [row] = await database.db
    .select({ document: planVersions.document })
    .from(planVersions)
    .where(eq(planVersions.version, version));
  return row?.document ?? EMPTY_DOCUMENT;
}

/** The present as it would be with the draft's routes: what the move-stop verb weighs a move against. */
async function pictureOf(database: Database, snapshot: Snapshot, draft: PlanDocument): Promise<Snapshot> {
  const rows = await stopsOf(database, draft.routes);
  const newRoutes = await database.db
    .select()
    .from(routesTable)
    .where(
      anyOf(
        routesTable.id,
        draft.routes.map((route) => route.routeId).filter((id) => !snapshot.routes.has(id)),
      ),
    );
  const document = mergedWith(snapshot.document, draft.routes);
  const routeOf = new Map(
    document.routes.flatMap((route) => route.stops.map((stop) => [stop.stopId, route.routeId])),
  );
  const stops = new Map(
    [...snapshot.stops, ...rows].map(([id, stop]) => [id, { ...stop, routeId: routeOf.get(id) ?? null }]),
  );
  const routes = new Map(snapshot.routes);
  for (const route of newRoutes) routes.set(route.id, { ...route, current: true });
  return { ...snapshot, document, stops, routes };
}

function mergeChanged(before: readonly PlannedRoute[], changed: readonly PlannedRoute[]): PlannedRoute[] {
  const byId = new Map(changed.map((route) => [route.routeId, route]));
  const added = changed.filter((route) => !before.some((other) => other.routeId === route.routeId));
  return [...before.map((route) => byId.get(route.routeId) ?? route), ...added];
}

function isWork(stop: DraftStop): boolean {
  return stop.kind === 'incident' || stop.kind === 'container';
}

/** A route that is back to its present order is no part of the draft, unless its way leads through a closed street. */
function withoutUnchanged(
  current: PlanDocument,
  routes: readonly PlannedRoute[],
  redrawn: ReadonlySet<number>,
): PlannedRoute[] {
  const changed = touchedSince({ routes: [...routes], degraded: false }, current, routes);
  return routes.filter((route) => changed.includes(route) || redrawn.has(route.truckId));
}
