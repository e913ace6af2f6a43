import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { desc, eq } from 'drizzle-orm';
import type { Actor } from '../../shared/actor.ts';
import type { AlternativeView, PlanDiff } from '../../shared/plan.ts';
import { approve } from '../../server/dispatch/approve.ts';
import { approvePart } from '../../server/dispatch/approve-part.ts';
import { breakdown } from '../../server/dispatch/breakdown.ts';
import {
  approveDraft,
  discardDraft,
  listDrafts,
  moveInDraft,
  openDraft,
} from '../../server/dispatch/drafts.ts';
import { startFiller } from '../../server/dispatch/fill-alternatives.ts';
import { forgetOld } from '../../server/dispatch/forget-old.ts';
import type { Dispatch } from '../../server/dispatch/dispatch.ts';
import { generate } from '../../server/dispatch/generate.ts';
import { planHistory } from '../../server/dispatch/history.ts';
import { moveStop } from '../../server/dispatch/move-stop.ts';
import { alternativesOf } from '../../server/dispatch/proposals.ts';
import { renewProposals } from '../../server/dispatch/propose-anew.ts';
import { propose } from '../../server/dispatch/propose.ts';
import { reject } from '../../server/dispatch/reject.ts';
import { weighZones } from '../../server/dispatch/react.ts';
import { undo } from '../../server/dispatch/undo.ts';
import { setAutoApprove } from '../../server/rules/update.ts';
import {
  events,
  planDrafts,
  planVersions,
  proposals,
  stops,
  trucks as trucksTable,
} from '../../server/db/schema/index.ts';
import { truckReturned } from '../../server/fleet/truck-returned.ts';
import { planTruck } from '../../server/fleet/plan-truck.ts';
import { departForStop } from '../../server/fleet/stop-depart.ts';
import { openRoom, work, type Room } from './room.ts';

const quiet = { info: () => undefined, error: () => undefined };

let room: Room;
/** What computes the other alternatives, as the server's background does it. */
let filling: (() => Promise<void>)[];
beforeEach(async () => {
  room = await openRoom();
  filling = [];
  room.dispatch.onProposed = (_id, fill) => void filling.push(fill);
});
afterEach(() => room.close());

const fillAll = async () => {
  for (const fill of filling.splice(0)) await fill();
};
const hash = async () =>
  (
    await room.database.db
      .select({ hash: planVersions.hash })
      .from(planVersions)
      .orderBy(desc(planVersions.version))
      .limit(1)
  )[0]!.hash;
const shares = (diff: PlanDiff, key: 'seconds' | 'metres') =>
  [...diff.moved, ...(diff.reordered ?? [])].reduce((sum, share) => sum + (share[key] ?? 0), 0);

/** A morning: two rear loaders under way in the east, a third idle; ten bad corners along one street. */
async function morning() {
  await room.truck('posterior');
  for (let n = 0; n < 6; n++) await room.validated('zona_critica', 12 * n);
  await generate(room.dispatch, room.supervisor, { zone: 'oriental' });
  await room.setOut((await room.plan()).routes[0]!.id);
  await room.truck('posterior');
  for (let n = 0; n < 5; n++) await room.validated('zona_critica', 6 + 12 * n);
  await generate(room.dispatch, room.supervisor, { zone: 'oriental' });
  const { routes } = await room.plan();
  expect(routes).toHaveLength(2);
  await room.setOut(routes[1]!.id);
  await room.truck('posterior');
  return (await room.plan()).routes;
}

/** A dead animal is reported and a proposal made for it; `idle` is the truck in service that has no route. */
async function urgentBesideIdle(routes: readonly { truckId: number }[]) {
  const fresh = await room.validated('animal_muerto', 21);
  const reactor = await room.onDuty();
  await reactor.settled();
  const [proposal] = await room.proposals();
  const trucks = await room.database.db.select().from(trucksTable);
  const idle = trucks.find((truck) => !routes.some((route) => route.truckId === truck.id))!;
  return { fresh, proposal, idle };
}

/** The third truck sets out too. */
async function thirdTruck() {
  for (let n = 0; n < 4; n++) await room.validated('zona_critica', 3 + 12 * n);
  await generate(room.dispatch, room.supervisor, { zone: 'oriental' });
  await room.setOut((await room.plan()).routes[2]!.id);
}

async function truckFails(trucks: 2 | 3 = 2) {
  const [first] = await morning();
  if (trucks === 3) await thirdTruck();
  const { proposalId } = await breakdown(room.dispatch, room.supervisor, { truckId: first!.truckId });
  return { proposalId: proposalId!, broken: first! };
}

describe('the slider: three computed answers to one question', () => {
  it('the default is there at once, the other two follow, each with its own price and plan', async () => {
    const { proposalId } = await truckFails();
    expect((await alternativesOf(room.database, proposalId)).map((one) => one.name)).toEqual(['balanced']);
    await fillAll();
    const [minimal, balanced, maximal] = (await alternativesOf(room.database, proposalId)) as [
      AlternativeView,
      AlternativeView,
      AlternativeView,
    ];
    expect([minimal.name, balanced.name, maximal.name]).toEqual(['minimal', 'balanced', 'maximal']);
    expect(minimal.stabilityS).toBeGreaterThan(balanced.stabilityS);
    expect(maximal.stabilityS).toBe(0);
    expect(minimal.diff.moved.length).toBeLessThanOrEqual(maximal.diff.moved.length);
    for (const one of [minimal, balanced, maximal]) {
      expect(shares(one.diff, 'seconds')).toBe(one.diff.cost.seconds);
      expect(shares(one.diff, 'metres')).toBe(one.diff.cost.metres);
    }
    expect((await room.proposals())[0]).toMatchObject({
      alternatives: expect.arrayContaining(['minimal', 'balanced', 'maximal']) as unknown,
      diff: balanced.diff,
    });
    const told = await room.database.db.select().from(events).orderBy(events.id);
    expect(told.filter((event) => event.type === 'proposal.alternative')).toHaveLength(2);
  });

  it.each(['minimal', 'maximal', undefined] as const)(
    'approving %s makes the plan that was shown, undo restores the one before',
    async (alternative) => {
      const { proposalId } = await truckFails();
      await fillAll();
      const before = await hash();
      const shown = (await alternativesOf(room.database, proposalId)).find(
        (one) => one.name === (alternative ?? 'balanced'),
      )!;
      const { version } = await approve(room.store, room.supervisor, { id: proposalId, alternative });
      expect(await hash()).toBe(shown.hash);
      expect((await planHistory(room.database))[0]).toMatchObject({ version, approval: 'whole' });
      await undo(room.store, room.supervisor, { version });
      expect(await hash()).toBe(before);
    },
  );

  it('an alternative that is not computed yet is refused; a superseded proposal computes none', async () => {
    const { proposalId } = await truckFails();
    await expect(
      approve(room.store, room.supervisor, { id: proposalId, alternative: 'maximal' }),
    ).rejects.toMatchObject({ reason: 'not-found' });
    await approve(room.store, room.supervisor, { id: proposalId });
    await fillAll();
    expect((await alternativesOf(room.database, proposalId)).map((one) => one.name)).toEqual(['balanced']);
  });

  it('what was computed is kept a week after the decision, then forgotten', async () => {
    const { proposalId } = await truckFails();
    await fillAll();
    const discarded = await openDraft(room.store, room.supervisor, { proposalId });
    await discardDraft(room.store, room.supervisor, { id: discarded.id });
    const left = await openDraft(room.store, room.supervisor, { proposalId });
    const drafts = () => room.database.db.select({ id: planDrafts.id }).from(planDrafts);
    await approve(room.store, room.supervisor, { id: proposalId });
    room.later(6 * 24 * 60);
    await forgetOld(room.store);
    expect(await alternativesOf(room.database, proposalId)).toHaveLength(3);
    expect(await drafts()).toHaveLength(2);
    room.later(2 * 24 * 60);
    await forgetOld(room.store);
    expect(await alternativesOf(room.database, proposalId)).toEqual([]);
    expect(await drafts()).toEqual([{ id: left.id }]);
  });

  it('what was proposed and not taken is forgotten after 90 days; what was, and the story, stays', async () => {
    const allStops = async () =>
      new Map((await room.database.db.select().from(stops)).map((row) => [row.id, row]));
    await truckFails();
    const planned = new Set(
      [...(await allStops()).values()].filter((row) => row.draftedAt === null).map(({ id }) => id),
    );
    await fillAll();
    const [first] = await room.proposals();
    const abandoned = await openDraft(room.store, room.supervisor, { proposalId: first!.id });
    // Its successor takes its place, and is rejected.
    const animal = await room.validated('animal_muerto', 70);
    const second = await propose(room.dispatch, room.supervisor, {
      zone: 'oriental',
      kind: 'insertion',
      reason: 'insertion',
      incidentIds: [animal],
    });
    await reject(room.store, room.supervisor, { id: second!.proposalId, reason: 'no hace falta' });
    const rowOf = async (id: number) =>
      (await room.database.db.select().from(proposals).where(eq(proposals.id, id)))[0]!;
    const drafted = [...(await allStops()).values()]
      .filter((row) => row.draftedAt !== null)
      .map(({ id }) => id);
    expect(drafted.length).toBeGreaterThan(0);

    room.later(89 * 24 * 60);
    await forgetOld(room.store);
    expect((await rowOf(first!.id)).document.routes).not.toEqual([]);
    expect((await listDrafts(room.database)).map(({ id }) => id)).toEqual([abandoned.id]);

    room.later(3 * 24 * 60);
    // What is proposed now wants some of the rows made then.
    await truckReturned(room.store, room.supervisor, (await rowOf(first!.id)).truckId!);
    const third = await propose(room.dispatch, room.supervisor, {
      zone: 'oriental',
      kind: 'insertion',
      reason: 'insertion',
      incidentIds: [animal],
    });
    await forgetOld(room.store);
    await forgetOld(room.store);
    for (const id of [first!.id, second!.proposalId]) {
      const row = await rowOf(id);
      expect(row.document.routes).toEqual([]);
      expect(row.diff.moved).toEqual([]);
    }
    expect(await rowOf(second!.proposalId)).toMatchObject({
      state: 'rejected',
      closeReason: 'no hace falta',
    });
    expect(await listDrafts(room.database)).toEqual([]);
    expect(await room.database.db.select().from(planDrafts)).toEqual([]);
    const left = await allStops();
    const open = (await rowOf(third!.proposalId)).document.routes.flatMap((route) => route.stops);
    for (const id of [...planned, ...open.map(({ stopId }) => stopId)])
      expect([...left.keys()]).toContain(id);
    expect(drafted.filter((id) => left.has(id)).length).toBeLessThan(drafted.length);
    await expect(openDraft(room.store, room.supervisor, { proposalId: first!.id })).rejects.toMatchObject({
      reason: 'invalid-transition',
    });
    const told = await room.database.db.select().from(events).orderBy(desc(events.id));
    expect(told.find((event) => event.type === 'draft.closed')).toMatchObject({
      subjectId: abandoned.id,
      data: { state: 'discarded', proposalId: first!.id },
      actor: { kind: 'system' },
    });
    const { version } = await approve(room.store, room.supervisor, { id: third!.proposalId });
    const approved = await allStops();
    const { document } = (
      await room.database.db.select().from(planVersions).where(eq(planVersions.version, version))
    )[0]!;
    for (const { stopId } of document.routes.flatMap((route) => route.stops))
      expect(approved.get(stopId)).toMatchObject({ draftedAt: null });
  });

  it('stops are forgotten however many are wanted by what is still open', async () => {
    const { proposalId } = await truckFails();
    const draft = await openDraft(room.store, room.supervisor, { proposalId });
    const [row] = await room.database.db.select().from(planDrafts).where(eq(planDrafts.id, draft.id));
    const [route] = row!.document.routes;
    // More than one query takes as single values.
    const many = Array.from({ length: 70_000 }, (_, i) => ({ ...route!.stops[0]!, stopId: 1_000_000 + i }));
    await room.database.db
      .update(planDrafts)
      .set({ document: { ...row!.document, routes: [{ ...route!, stops: many }] } })
      .where(eq(planDrafts.id, draft.id));
    const [old] = await room.database.db
      .insert(stops)
      .values({ kind: 'disposal', lat: -0.93, lon: -78.6, serviceS: 60, draftedAt: new Date(0) })
      .returning({ id: stops.id });
    await forgetOld(room.store);
    expect(await room.database.db.select().from(stops).where(eq(stops.id, old!.id))).toEqual([]);
  });

  it('the server computes them by itself, and again where another search took the planner away', async () => {
    let refusals = 1;
    const taken = new Error('somebody needs the planner');
    const planner: Dispatch['planner'] = {
      solve: (problem, options) =>
        options.background === true && refusals-- > 0
          ? Promise.reject(taken)
          : room.dispatch.planner.solve(problem, options),
    };
    const dispatch: Dispatch = { ...room.dispatch, planner };
    const filler = startFiller(
      dispatch,
      { warn: (about) => room.problems.push(about) },
      (error) => error === taken,
      'one',
    );
    dispatch.onProposed = filler.offer;
    const [first] = await morning();
    const { proposalId } = await breakdown(dispatch, room.supervisor, { truckId: first!.truckId });
    await filler.settled();
    expect(await alternativesOf(room.database, proposalId!)).toHaveLength(1);
    await filler.look();
    await filler.settled();
    expect(await alternativesOf(room.database, proposalId!)).toHaveLength(3);
    await filler.stop();
    expect(room.problems).toEqual([]);
  });

  it('of several servers one computes them; another does when that one is gone', async () => {
    const asked = { one: 0, other: 0 };
    let begun = (): void => undefined;
    let goOn = (): void => undefined;
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    const mayGoOn = new Promise<void>((resolve) => (goOn = resolve));
    const server = (name: 'one' | 'other', before: () => Promise<void>) => {
      const dispatch: Dispatch = {
        ...room.dispatch,
        planner: {
          async solve(problem, options) {
            if (options.background === true) {
              asked[name] += 1;
              await before();
            }
            return room.dispatch.planner.solve(problem, options);
          },
        },
      };
      const filler = startFiller(dispatch, { warn: (about) => room.problems.push(about) }, () => false, name);
      return { dispatch: { ...dispatch, onProposed: filler.offer }, filler };
    };
    const one = server('one', () => {
      begun();
      return mayGoOn;
    });
    const other = server('other', () => Promise.resolve());
    const [first] = await morning();
    const { proposalId } = await breakdown(one.dispatch, room.supervisor, { truckId: first!.truckId });
    await hasBegun;
    room.later(1);
    const lookAgain = async () => {
      await other.filler.look();
      await other.filler.settled();
    };
    await lookAgain();
    expect(asked).toEqual({ one: 1, other: 0 });

    // It is heard of no more: what it leaves is computed by the other, once.
    await room.database.sql`update leases set expires_at = now() - interval '1 second'`;
    await lookAgain();
    await lookAgain();
    expect(asked).toEqual({ one: 1, other: 2 });
    expect(await alternativesOf(room.database, proposalId!)).toHaveLength(3);
    goOn();
    await one.filler.settled();
    expect(asked).toEqual({ one: 1, other: 2 });
    expect(await room.database.sql`select 1 from leases where name like 'alternatives%'`).toEqual([]);
    await one.filler.stop();
    await other.filler.stop();
    expect(room.problems).toEqual([]);
  });
});

describe('approving a part', () => {
  it('is priced first, changes nothing meanwhile, says what is left out, and undo restores the hash', async () => {
    const { proposalId, broken } = await truckFails();
    const before = await hash();
    const [proposal] = await room.proposals();
    const all = proposal!.diff.moved.map((move) => move.stopId);
    const stopIds = all.slice(0, 3);
    const dry = await approvePart(room.dispatch, room.supervisor, { id: proposalId, stopIds, dryRun: true });
    expect(dry.version).toBeUndefined();
    expect(dry.problems).toEqual([]);
    expect(dry.diff.moved.map((move) => move.stopId).sort()).toEqual([...stopIds].sort());
    expect(dry.leftOut.sort()).toEqual(all.slice(3).sort());
    expect(shares(dry.diff, 'seconds')).toBe(dry.diff.cost.seconds);
    expect(dry.diff.cost.seconds).toBeLessThan(proposal!.diff.cost.seconds);
    expect(await hash()).toBe(before);

    const done = await approvePart(room.dispatch, room.supervisor, { id: proposalId, stopIds });
    expect(done.diff.cost).toEqual(dry.diff.cost);
    expect(await room.proposals()).toEqual([]);
    const { routes } = await room.plan();
    const stranded = routes.find((route) => route.id === broken.id)!;
    expect(
      work(stranded)
        .map((stop) => stop.id)
        .sort(),
    ).toEqual(all.slice(3).sort());
    for (const stopId of stopIds) {
      expect(routes.filter((route) => route.stops.some((stop) => stop.id === stopId))).toHaveLength(1);
    }
    expect((await planHistory(room.database))[0]).toMatchObject({
      approval: 'part',
      leftOut: all.length - 3,
    });
    await undo(room.store, room.supervisor, { version: done.version! });
    expect(await hash()).toBe(before);
  });

  it('every move chosen is the whole proposal', async () => {
    const { proposalId } = await truckFails();
    const [balanced] = await alternativesOf(room.database, proposalId);
    const stopIds = balanced!.diff.moved.map((move) => move.stopId);
    const whole = await approvePart(room.dispatch, room.supervisor, { id: proposalId, stopIds });
    expect(whole.leftOut).toEqual([]);
    expect(whole.diff.cost).toEqual(balanced!.diff.cost);
    expect(await hash()).toBe(balanced!.hash);
  });

  it('a new incident left out waits on; the others are taken up', async () => {
    await morning();
    const ids = [await room.validated('animal_muerto', 21), await room.validated('animal_muerto', 45)];
    const reactor = await room.onDuty();
    await reactor.settled();
    const [proposal] = await room.proposals();
    const one = proposal!.diff.moved.find((move) => move.incidentId === ids[0])!;
    const asked = { id: proposal!.id, stopIds: [one.stopId] };
    const priced = await approvePart(room.dispatch, room.supervisor, { ...asked, dryRun: true });
    const arrivals = priced.routes.flatMap((route) => route.stops);
    expect(arrivals.find((stop) => stop.incidentId === ids[0])).toMatchObject({ stopId: one.stopId });
    expect(arrivals.map((stop) => stop.incidentId)).not.toContain(ids[1]);
    const part = await approvePart(room.dispatch, room.supervisor, asked);
    expect(part.diff.unassigned).toEqual([]);
    // What was said to arrive when is what the plan then says.
    const [version] = await room.database.db.select().from(planVersions).orderBy(desc(planVersions.version));
    const stored = version!.document.routes.flatMap((route) => route.stops);
    const planned = new Map(stored.map((stop) => [stop.stopId, stop.arrival]));
    expect(arrivals.map(({ stopId }) => planned.get(stopId))).toEqual(arrivals.map(({ eta }) => eta));
    expect((await room.incident(ids[0]!)).state).toBe('assigned');
    expect((await room.incident(ids[1]!)).state).toBe('validated');
    expect(room.problems).toEqual([]);
  });

  it('names what is no move of the proposal', async () => {
    const { proposalId } = await truckFails();
    await expect(
      approvePart(room.dispatch, room.supervisor, { id: proposalId, stopIds: [999_999] }),
    ).rejects.toMatchObject({ reason: 'invalid-input' });
  });

  it('is refused with whom to ask when another change reached the same route first', async () => {
    const { proposalId } = await truckFails();
    const [proposal] = await room.proposals();
    const { routes } = await room.plan();
    const receiving = routes.find((route) => route.id === proposal!.diff.moved[0]!.toRouteId)!;
    // Its first stop goes to the end of the round, by hand.
    await moveStop(room.dispatch, room.supervisor, {
      stopId: work(receiving)[0]!.id,
      toRouteId: receiving.id,
      index: receiving.stops.findIndex((stop) => stop.id === work(receiving).at(-1)!.id),
    });
    await expect(
      approvePart(room.dispatch, room.supervisor, {
        id: proposalId,
        stopIds: [proposal!.diff.moved[0]!.stopId],
      }),
    ).rejects.toMatchObject({ reason: 'stale-version', detail: { by: 'sup' } });
  });

  it('what is driven between the price and the approval stays in front', async () => {
    const { proposalId } = await truckFails();
    const [proposal] = await room.proposals();
    const [, helper] = (await room.plan()).routes;
    const next = work(helper!)[0]!;
    await departForStop(room.store, room.supervisor, next.id);
    const stopIds = proposal!.diff.moved.slice(0, 2).map((move) => move.stopId);
    await approvePart(room.dispatch, room.supervisor, { id: proposalId, stopIds });
    const driven = (await room.plan()).routes.flatMap((route) => route.stops).find((s) => s.id === next.id)!;
    expect(driven.state).toBe('enroute');
  });
});

describe('changing a proposal by hand', () => {
  const another = { kind: 'user', id: 1, role: 'supervisor', username: 'rosa' } as const;

  it('the plan stays as it is while the draft is changed; approved, it is the plan; undo restores the hash', async () => {
    const { proposalId } = await truckFails(3);
    const before = await hash();
    const draft = await openDraft(room.store, room.supervisor, { proposalId });
    const [move] = draft.diff.moved;
    const other = (await room.plan()).routes.find(
      (route) => route.id !== move!.toRouteId && route.id !== move!.fromRouteId,
    )!;
    const quote = await moveInDraft(room.dispatch, room.supervisor, {
      draftId: draft.id,
      stopId: move!.stopId,
      toRouteId: other.id,
      dryRun: true,
    });
    expect(quote.draft).toBeUndefined();
    const moved = await moveInDraft(room.dispatch, room.supervisor, {
      draftId: draft.id,
      stopId: move!.stopId,
      toRouteId: other.id,
      revision: draft.revision,
    });
    expect(moved.problems).toEqual([]);
    expect(moved.draft).toMatchObject({ revision: 2, fresh: true, author: 'sup' });
    const now = moved.draft!.diff.moved.find((one) => one.stopId === move!.stopId)!;
    expect(now.toRouteId).toBe(other.id);
    expect(shares(moved.draft!.diff, 'seconds')).toBe(moved.draft!.diff.cost.seconds);
    expect(moved.draft!.diff.cost.seconds - draft.diff.cost.seconds).toBeCloseTo(quote.diff.cost.seconds, 0);
    expect(await hash()).toBe(before);
    expect(await listDrafts(room.database)).toHaveLength(1);

    const { version } = await approveDraft(room.dispatch, room.supervisor, { id: draft.id });
    const { routes } = await room.plan();
    expect(routes.find((route) => route.id === other.id)!.stops.some((s) => s.id === move!.stopId)).toBe(
      true,
    );
    expect(await room.proposals()).toEqual([]);
    expect(await listDrafts(room.database)).toEqual([]);
    expect((await planHistory(room.database))[0]).toMatchObject({ version, approval: 'edited' });
    await undo(room.store, room.supervisor, { version });
    expect(await hash()).toBe(before);
  });

  it('two supervisors have a draft each; the second is told who was first, and keeps the draft', async () => {
    const { proposalId } = await truckFails();
    const mine = await openDraft(room.store, room.supervisor, { proposalId });
    const hers = await openDraft(room.store, { ...another, id: 99 }, { proposalId });
    expect(hers.id).not.toBe(mine.id);
    await expect(approveDraft(room.dispatch, room.supervisor, { id: hers.id })).rejects.toMatchObject({
      reason: 'not-yours',
      detail: { by: 'rosa' },
    });
    await approveDraft(room.dispatch, room.supervisor, { id: mine.id });
    await expect(approveDraft(room.dispatch, { ...another, id: 99 }, { id: hers.id })).rejects.toMatchObject({
      reason: 'stale-version',
      detail: { by: 'sup' },
    });
    const [kept] = await listDrafts(room.database);
    expect(kept).toMatchObject({ id: hers.id, author: 'rosa', fresh: false });
    await discardDraft(room.store, { ...another, id: 99 }, { id: hers.id });
    expect(await listDrafts(room.database)).toEqual([]);
  });

  it('a change that names an older revision is refused, not lost: the draft is as the other screen left it', async () => {
    const { proposalId } = await truckFails();
    const draft = await openDraft(room.store, room.supervisor, { proposalId });
    const [one, two] = draft.diff.moved;
    const move = (stopId: number) =>
      moveInDraft(room.dispatch, room.supervisor, {
        draftId: draft.id,
        stopId,
        toRouteId: draft.routes.find((route) => route.routeId !== one!.fromRouteId)!.routeId,
        index: 2,
        revision: 1,
      });
    await move(one!.stopId);
    await expect(move(two!.stopId)).rejects.toMatchObject({
      reason: 'stale-version',
      detail: { revision: 2 },
    });
    expect((await openDraft(room.store, room.supervisor, { proposalId })).id).toBe(draft.id);
  });

  it('what another screen does to a draft while it is approved is not lost: the approval is refused', async () => {
    const { proposalId } = await truckFails();
    const draft = await openDraft(room.store, room.supervisor, { proposalId });
    const before = await hash();
    let isPriced = false;
    const elsewhere: Dispatch = {
      ...room.dispatch,
      roads: {
        ...room.dispatch.roads,
        async route(...asked) {
          if (!isPriced) {
            isPriced = true;
            await discardDraft(room.store, room.supervisor, { id: draft.id });
          }
          return room.dispatch.roads.route(...asked);
        },
      },
    };
    await expect(approveDraft(elsewhere, room.supervisor, { id: draft.id })).rejects.toMatchObject({
      reason: 'stale-version',
    });
    expect(isPriced).toBe(true);
    expect(await hash()).toBe(before);
    expect(await listDrafts(room.database)).toEqual([]);
  });

  it('a new stop of the proposal can go to another truck than proposed', async () => {
    const routes = await morning();
    const fresh = await room.validated('animal_muerto', 21);
    const reactor = await room.onDuty();
    await reactor.settled();
    const [proposal] = await room.proposals();
    const draft = await openDraft(room.store, room.supervisor, { proposalId: proposal!.id });
    const move = draft.diff.moved.find((one) => one.incidentId === fresh)!;
    const other = routes.find((route) => route.id !== move.toRouteId)!;
    await moveInDraft(room.dispatch, room.supervisor, {
      draftId: draft.id,
      stopId: move.stopId,
      toRouteId: other.id,
    });
    await approveDraft(room.dispatch, room.supervisor, { id: draft.id });
    const home = (await room.plan()).routes.find((route) =>
      route.stops.some((stop) => stop.incidentId === fresh),
    )!;
    expect(home.id).toBe(other.id);
    expect((await room.incident(fresh)).state).toBe('assigned');
  });

  it('any truck in service can take a stop, also one that the proposal left standing', async () => {
    const routes = await morning();
    const before = await hash();
    const { fresh, proposal, idle } = await urgentBesideIdle(routes);
    expect(proposal!.routes.map((route) => route.truckId)).not.toContain(idle.id);
    const draft = await openDraft(room.store, room.supervisor, { proposalId: proposal!.id });
    const move = draft.diff.moved.find((one) => one.incidentId === fresh)!;
    const to = (target: { toRouteId: number } | { toTruckId: number }, dryRun = false) =>
      moveInDraft(room.dispatch, room.supervisor, {
        draftId: draft.id,
        stopId: move.stopId,
        dryRun,
        ...target,
      });

    const priced = await to({ toTruckId: idle.id }, true);
    expect(priced.diff.moved.find((one) => one.stopId === move.stopId)).toMatchObject({ toTruckId: idle.id });
    expect(priced.diff.cost.seconds).toBeGreaterThan(0);
    const taken = await to({ toTruckId: idle.id });
    expect(taken.problems).toEqual([]);
    expect(taken.draft!.routes).toMatchObject([{ truckId: idle.id }]);
    expect(taken.draft!.diff.moved).toMatchObject([{ stopId: move.stopId, toTruckId: idle.id }]);

    // Given away again it stands idle again.
    const back = await to({ toRouteId: move.toRouteId! });
    expect(back.draft!.routes.map((route) => route.truckId)).not.toContain(idle.id);
    const again = await to({ toTruckId: idle.id });
    const newRouteId = again.draft!.routes[0]!.routeId;
    // A second stop joins the route that was begun, by its truck or by its number.
    const second = work((await room.plan()).routes[0]!)[0]!;
    await moveInDraft(room.dispatch, room.supervisor, {
      draftId: draft.id,
      stopId: second.id,
      toTruckId: idle.id,
    });
    await approveDraft(room.dispatch, room.supervisor, { id: draft.id });
    const plan = await room.plan();
    const made = plan.routes.find((route) => route.truckId === idle.id)!;
    expect(made).toMatchObject({ id: newRouteId, zone: 'oriental' });
    expect(
      work(made)
        .map((stop) => stop.id)
        .sort(),
    ).toEqual([move.stopId, second.id].sort());
    expect((await room.incident(fresh)).state).toBe('assigned');
    await undo(room.store, room.supervisor, { version: plan.version });
    expect(await hash()).toBe(before);
    expect(room.problems).toEqual([]);
  });

  it('a truck that began another route meanwhile keeps it: the draft that wanted it idle is refused', async () => {
    const routes = await morning();
    const { fresh, proposal, idle } = await urgentBesideIdle(routes);
    const draft = await openDraft(room.store, room.supervisor, { proposalId: proposal!.id });
    const stopId = draft.diff.moved.find((one) => one.incidentId === fresh)!.stopId;
    const toIdle = () =>
      moveInDraft(room.dispatch, room.supervisor, { draftId: draft.id, stopId, toTruckId: idle.id });
    await toIdle();

    const other = await room.validated('acopio', 300);
    await generate(room.dispatch, room.supervisor, { zone: 'oriental' });
    const begun = (await room.plan()).routes.find((route) => route.truckId === idle.id)!;
    expect(work(begun).some((stop) => stop.incidentId === other)).toBe(true);
    const before = await hash();
    const refusal = { reason: 'stale-version', detail: { truckIds: [idle.id] } };
    await expect(approveDraft(room.dispatch, room.supervisor, { id: draft.id })).rejects.toMatchObject(
      refusal,
    );
    expect(await hash()).toBe(before);
    expect((await room.incident(other)).state).toBe('assigned');
  });

  it('a truck that is out, kept out, or not there takes nothing', async () => {
    const { proposalId, broken } = await truckFails();
    const draft = await openDraft(room.store, room.supervisor, { proposalId });
    const stopId = draft.diff.moved[0]!.stopId;
    const to = (toTruckId: number) =>
      moveInDraft(room.dispatch, room.supervisor, { draftId: draft.id, stopId, toTruckId, dryRun: true });
    await expect(to(broken.truckId)).rejects.toMatchObject({ reason: 'invalid-transition' });
    await expect(to(999)).rejects.toMatchObject({ reason: 'not-found' });
    const excluded = await room.truck('posterior');
    await planTruck(room.store, room.supervisor, { truckId: excluded, planning: 'excluded' });
    await expect(to(excluded)).rejects.toMatchObject({ reason: 'truck-excluded' });
    await expect(
      moveInDraft(room.dispatch, room.supervisor, { draftId: draft.id, stopId, dryRun: true }),
    ).rejects.toMatchObject({ reason: 'not-found' });
  });
});

describe('a proposal nobody answers', () => {
  it('is computed anew when its time is over, whatever it was for, and says whose place it takes', async () => {
    await room.truck('lateral');
    for (let n = 0; n < 4; n++) await room.container(15 * n);
    await generate(room.dispatch, room.supervisor, { zone: 'oriental', containers: true });
    await room.container(80);
    const { proposalId } = await generate(room.dispatch, room.supervisor, {
      zone: 'oriental',
      containers: true,
    });
    const reactor = await room.onDuty();
    const before = (await room.plan()).version;
    room.later(16);
    room.store.bus.wake(0);
    await reactor.settled();
    const [again] = await room.proposals();
    expect(again).toMatchObject({ replaces: proposalId });
    expect(again!.diff.moved).toHaveLength(1);
    expect((await room.plan()).version).toBe(before);
    expect(room.problems).toEqual([]);
  });
});

describe('a proposal whose time is over', () => {
  /** A breakdown's proposal, its time over: no event tells of it again. */
  async function expired() {
    const { proposalId } = await truckFails();
    await weighZones(room.dispatch, quiet);
    const waited = (await room.proposals())[0]!.diff.moved.map(({ stopId }) => stopId).sort();
    room.later(16);
    return { proposalId, waited };
  }

  it('is there until its successor is stored, however the process ends in between', async () => {
    const { proposalId, waited } = await expired();
    for (let at = 1; ; at++) {
      const ending = room.interrupted(at, async () => {
        throw new Error('the process ended');
      });
      await weighZones(ending, quiet).catch(() => undefined);
      const open = await room.proposals();
      expect(open, `ended before look ${at}`).toHaveLength(1);
      if (open[0]!.id !== proposalId) break;
      expect(at).toBeLessThan(20);
    }
    const [fresh] = await room.proposals();
    expect(fresh!.replaces).toBe(proposalId);
    expect(fresh!.diff.moved.map(({ stopId }) => stopId).sort()).toEqual(waited);
    const told = await room.database.db.select().from(events).orderBy(desc(events.id));
    expect(told.find((event) => event.type === 'proposal.closed')).toMatchObject({
      subjectId: proposalId,
      data: { state: 'expired' },
    });
  });

  it('is tried again after a minute when it could not be computed, and said once', async () => {
    const { proposalId } = await expired();
    const said: object[] = [];
    const loud = { ...quiet, error: (about: object) => void said.push(about) };
    const failing: Dispatch = {
      ...room.dispatch,
      planner: { solve: () => Promise.reject(new Error('out of memory')) },
    };
    const notBefore = new Map<number, number>();
    await renewProposals(failing, loud, notBefore);
    await renewProposals(failing, loud, notBefore);
    expect(said).toHaveLength(1);
    expect((await room.proposals())[0]!.id).toBe(proposalId);
    room.later(1);
    await renewProposals(room.dispatch, loud, notBefore);
    expect((await room.proposals())[0]!.replaces).toBe(proposalId);
    expect(said).toHaveLength(1);
  });

  it('two servers that find it at once make one in its place', async () => {
    const { proposalId } = await expired();
    const other = room.interrupted(3, () => renewProposals(room.dispatch, quiet));
    expect(await renewProposals(other, quiet)).toBe(true);
    expect(await renewProposals(other, quiet)).toBe(false);
    const told = await room.database.db.select().from(events).orderBy(desc(events.id));
    expect(told.filter((event) => event.type === 'proposal.created')).toHaveLength(2);
    expect((await room.proposals())[0]!.replaces).toBe(proposalId);
  });
});

describe('a proposal that another change overtook', () => {
  it('is closed alone when nothing is left of it: what was proposed meanwhile stays open', async () => {
    const { proposalId, broken } = await truckFails(3);
    await truckReturned(room.store, room.supervisor, broken.truckId);
    const [move] = (await room.proposals())[0]!.diff.moved;
    await moveStop(room.dispatch, room.supervisor, {
      stopId: move!.stopId,
      toRouteId: move!.toRouteId!,
    });
    const other = (await room.plan()).routes.find((route) => route.id !== broken.id)!;
    // Between the answer that nothing is left and the closing somebody reports another breakdown.
    let later = 0;
    const { db } = room.database;
    const transaction = (async (...work: Parameters<typeof db.transaction>) => {
      const made = await breakdown(room.dispatch, room.supervisor, { truckId: other.truckId });
      later = made.proposalId!;
      return db.transaction(...work);
    }) as typeof db.transaction;
    const database = { ...room.database, db: Object.assign(Object.create(db) as typeof db, { transaction }) };
    await renewProposals({ ...room.dispatch, store: { ...room.store, database } }, quiet);
    expect(later).toBeGreaterThan(proposalId);
    expect((await room.proposals()).map(({ id }) => id)).toEqual([later]);
  });
});

describe('automatic below a limit the supervisor sets', () => {
  it('is shown in the history as auto; an operator sets nothing; null switches it off', async () => {
    await morning();
    await setAutoApprove(room.store, room.supervisor, { costS: 3_600, movedStops: 1 });
    await expect(
      setAutoApprove(room.store, { ...room.supervisor, role: 'operator' } as Actor, null),
    ).rejects.toMatchObject({ reason: 'wrong-role' });
    const reactor = await room.onDuty();
    const before = (await room.plan()).version;
    const small = await room.validated('animal_muerto', 21);
    await reactor.settled();
    expect((await room.incident(small)).state).toBe('assigned');
    expect((await planHistory(room.database))[0]).toMatchObject({
      version: before + 1,
      actor: 'planner',
      approval: 'auto',
    });
    await setAutoApprove(room.store, room.supervisor, null);
    await room.validated('animal_muerto', 45);
    await reactor.settled();
    expect(await room.proposals()).toHaveLength(1);
    expect((await room.plan()).version).toBe(before + 1);
    expect(room.problems).toEqual([]);
  });
});

describe('the only truck of a zone fails', () => {
  it('names every stop that is left without one', async () => {
    await room.truck('posterior');
    for (let n = 0; n < 3; n++) await room.validated('zona_critica', 12 * n);
    await generate(room.dispatch, room.supervisor, { zone: 'oriental' });
    const [route] = (await room.plan()).routes;
    await room.setOut(route!.id);
    const { proposalId, diff } = await breakdown(room.dispatch, room.supervisor, { truckId: route!.truckId });
    expect(diff.moved).toEqual([]);
    expect(diff.unassigned).toHaveLength(3);
    await approve(room.store, room.supervisor, { id: proposalId! });
    for (const stop of work(route!)) {
      expect((await room.incident(stop.incidentId!)).state).toBe('validated');
    }
  });
});
