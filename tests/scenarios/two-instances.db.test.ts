import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sql } from 'drizzle-orm';
import type { Dispatch } from '../../server/dispatch/dispatch.ts';
import { generate } from '../../server/dispatch/generate.ts';
import { reject } from '../../server/dispatch/reject.ts';
import { startReactor, weighZones, type Reactor } from '../../server/dispatch/react.ts';
import { createLocalBus } from '../../server/events/bus.ts';
import { breakdown } from '../../server/dispatch/breakdown.ts';
import { cancelIncident } from '../../server/incidents/cancel.ts';
import { takeTruckOut } from '../../server/fleet/truck-out.ts';
import { truckReturned } from '../../server/fleet/truck-returned.ts';
import { commit } from '../../server/events/store.ts';
import { testDatabaseKind } from '../database/open.ts';
import { openRoom, work, type Room } from './room.ts';

const PATIENT = { timeout: 60_000 };
const quiet = { info: () => undefined, error: () => undefined };

/** A promise that is kept when somebody says so. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/** The same house seen by another server: its own connection, its own bus, its own planner. */
async function anotherInstance(room: Room): Promise<{ dispatch: Dispatch; close(): Promise<void> }> {
  const database = await room.database.again();
  return {
    dispatch: { ...room.dispatch, store: { ...room.store, database, bus: createLocalBus() } },
    close: () => database.close(),
  };
}

/** How many proposals and plan versions there were, whoever made them. */
async function answersOf(room: Room): Promise<{ proposals: number; versions: number }> {
  const count = async (type: string) => {
    const [row] = await room.database.db.execute<{ n: number }>(
      sql`select count(*)::int as n from events where type = ${type}`,
    );
    return Number(row!.n);
  };
  return { proposals: await count('proposal.created'), versions: await count('plan.current') };
}

/** A truck on its round in the east, so that what is urgent is proposed into it. */
async function truckAtWork(room: Room): Promise<void> {
  await room.truck('posterior');
  for (const number of [0, 50, 100]) await room.validated('acopio', number);
  await generate(room.dispatch, room.supervisor, { zone: 'oriental' });
  await room.setOut((await room.plan()).routes[0]!.id);
  // What happened until here is weighed.
  await weighZones(room.dispatch, quiet);
}

describe.runIf(testDatabaseKind() === 'postgres')('two server instances on one database', () => {
  let room: Room;
  let other: { dispatch: Dispatch; close(): Promise<void> };
  let reactors: Reactor[] = [];
  beforeAll(async () => {
    room = await openRoom();
    other = await anotherInstance(room);
    await truckAtWork(room);
  });
  afterEach(async () => {
    for (const reactor of reactors) await reactor.stop();
    reactors = [];
  });
  afterAll(async () => {
    await other.close();
    await room.close();
  });

  it('answer each cause once, though both look at every tick', async () => {
    const before = await answersOf(room);
    reactors = [
      startReactor(room.dispatch, 'one', quiet, 20),
      startReactor(other.dispatch, 'other', quiet, 20),
    ];
    for (const [index, number] of [200, 260, 320].entries()) {
      await room.validated('animal_muerto', number);
      await expect
        .poll(async () => (await answersOf(room)).proposals, PATIENT)
        .toBe(before.proposals + index + 1);
    }
    for (const reactor of reactors) await reactor.settled();
    expect(await answersOf(room)).toEqual({ ...before, proposals: before.proposals + 3 });
    expect(await room.proposals()).toHaveLength(1);
  });

  it('answer a cause once even when both believe to lead', async () => {
    const before = await answersOf(room);
    await room.validated('animal_muerto', 380);
    await Promise.all([weighZones(room.dispatch, quiet), weighZones(other.dispatch, quiet)]);
    await weighZones(other.dispatch, quiet);
    expect((await answersOf(room)).proposals).toBe(before.proposals + 1);
  });

  it('one dies in the middle of a search: the other takes over, and the dead one’s answer is not taken', async () => {
    const before = await answersOf(room);
    const [asked, answered] = [gate(), gate()];
    // Its search never comes back while it lives: as of a process that was stopped.
    const frozen: Dispatch = {
      ...room.dispatch,
      planner: {
        async solve(problem, options) {
          asked.open();
          await answered.opened;
          return room.dispatch.planner.solve(problem, options);
        },
      },
    };
    const dying = startReactor(frozen, 'dying', quiet, 3_600_000, 1);
    await dying.settled();
    await room.validated('animal_muerto', 440);
    await asked.opened;
    reactors = [startReactor(other.dispatch, 'heir', quiet, 50)];
    await expect.poll(async () => (await answersOf(room)).proposals, PATIENT).toBe(before.proposals + 1);
    const [proposal] = await room.proposals();
    answered.open();
    await dying.settled();
    await dying.stop();
    await reactors[0]!.settled();
    expect((await answersOf(room)).proposals).toBe(before.proposals + 1);
    expect((await room.proposals())[0]!.id).toBe(proposal!.id);
  });
});

describe('what happens while an answer is computed', () => {
  let room: Room;
  beforeAll(async () => {
    room = await openRoom();
    await room.truck('posterior');
    await truckAtWork(room);
  });
  afterAll(() => room.close());

  it('a newer event ends the older search; both are in one proposal', async () => {
    const before = await answersOf(room);
    const searches: { aborted: boolean }[] = [];
    const first = gate();
    const reactor = startReactor(
      {
        ...room.dispatch,
        planner: {
          solve(problem, options) {
            const search = { aborted: false };
            searches.push(search);
            if (searches.length > 1) return room.dispatch.planner.solve(problem, options);
            first.open();
            // The first search goes on until it is told to stop.
            return new Promise((_resolve, reject) => {
              options.abort!.addEventListener('abort', () => {
                search.aborted = true;
                void import('../../server/planning/index.ts').then(({ PlannerCancelled }) =>
                  reject(new PlannerCancelled('given up')),
                );
              });
            });
          },
        },
      },
      'test',
      quiet,
      3_600_000,
    );
    await reactor.settled();
    const one = await room.validated('animal_muerto', 200);
    await first.opened;
    const two = await room.validated('animal_muerto', 260);
    await expect.poll(async () => (await answersOf(room)).proposals, PATIENT).toBe(before.proposals + 1);
    await reactor.settled();
    const open = await room.proposals();
    expect(open).toHaveLength(1);
    expect([...open[0]!.incidentIds].sort()).toEqual([one, two].sort());
    expect(searches.map((search) => search.aborted)).toEqual([true, false]);
    expect((await answersOf(room)).proposals).toBe(before.proposals + 1);
    await reactor.stop();
  });

  /** Nothing waits and nothing is proposed: the next round begins afresh. */
  async function clear(...incidentIds: (number | null)[]): Promise<void> {
    for (const id of incidentIds)
      await cancelIncident(room.store, room.supervisor, { id: id!, reason: 'prueba' });
    for (const { id } of await room.proposals())
      await reject(room.store, room.supervisor, { id, reason: 'prueba' });
    await weighZones(room.dispatch, quiet);
  }

  it('a cause that arrives at whatever moment of a look makes one proposal', async () => {
    await clear();
    for (let at = 1, arrivedMeanwhile = true; arrivedMeanwhile; at++) {
      const before = await answersOf(room);
      let arrived: number | null = null;
      const arrives = async () => (arrived = await room.validated('animal_muerto', 140));
      // A report nobody validated yet: reason enough to look, none to plan.
      const idle = await room.reported('acopio', 330);
      while (await weighZones(room.interrupted(at, arrives), quiet));
      arrivedMeanwhile = arrived !== null;
      if (!arrivedMeanwhile) await arrives();
      await weighZones(room.dispatch, quiet);
      await weighZones(room.dispatch, quiet);
      expect((await answersOf(room)).proposals - before.proposals, `it came before look ${at}`).toBe(1);
      expect((await room.proposals())[0]!.incidentIds).toEqual([arrived]);
      await clear(arrived, idle);
    }
  });

  it('a second cause while the first is answered is in its proposal, or in the next alone', async () => {
    await clear();
    const made: number[] = [];
    for (let at = 1, arrivedMeanwhile = true; arrivedMeanwhile; at++) {
      const before = await answersOf(room);
      const first = await room.validated('animal_muerto', 140);
      let second: number | null = null;
      const dispatch = room.interrupted(at, async () => {
        second = await room.validated('animal_muerto', 230);
      });
      while (await weighZones(dispatch, quiet));
      arrivedMeanwhile = second !== null;
      if (!arrivedMeanwhile) second = await room.validated('animal_muerto', 230);
      const [open] = await room.proposals();
      const isTogether = open?.incidentIds.includes(second!) === true;
      await weighZones(room.dispatch, quiet);
      await weighZones(room.dispatch, quiet);
      const [last] = await room.proposals();
      expect([...last!.incidentIds].sort(), `it came before look ${at}`).toEqual([first, second].sort());
      const proposals = (await answersOf(room)).proposals - before.proposals;
      if (isTogether) expect(last!.id, `it came before look ${at}`).toBe(open!.id);
      made.push(proposals);
      await clear(first, second);
    }
    // In one proposal as long as that is not stored yet; then in one more.
    expect(made).toEqual([...made].sort());
    expect(Math.max(...made)).toBe(2);
  });

  it('a truck breaks down before the search for its urgent incident reads the plan: neither is lost', async () => {
    await clear();
    const route = (await room.plan()).routes.find((one) => one.state === 'running')!;
    for (let at = 1, broke = true; broke; at++) {
      const urgent = await room.validated('animal_muerto', 140);
      broke = false;
      const dispatch = room.interrupted(at, async () => {
        broke = true;
        // The state alone: the breakdown's own search is still under way.
        await commit(room.store, room.supervisor, async (tx, emit) => {
          await takeTruckOut(tx, emit, room.now(), route.truckId, 'breakdown');
        });
      });
      while (await weighZones(dispatch, quiet));
      expect((await room.proposals())[0]?.incidentIds, `it broke before look ${at}`).toContain(urgent);
      if (broke) await truckReturned(room.store, room.supervisor, route.truckId);
      await clear(urgent);
    }
  });

  it('a truck breaks down while an urgent incident is planned: neither is lost', async () => {
    const reactor = await room.onDuty();
    const urgent = await room.validated('animal_muerto', 320);
    const route = (await room.plan()).routes.find((one) => one.state === 'running')!;
    await breakdown(room.dispatch, room.supervisor, { truckId: route.truckId });
    await reactor.settled();
    const open = await room.proposals();
    expect(open).toHaveLength(1);
    const moved = open[0]!.diff.moved;
    for (const stop of work(route)) expect(moved.map((move) => move.stopId)).toContain(stop.id);
    expect(open[0]!.incidentIds).toContain(urgent);
    expect(moved.every((move) => move.toTruckId !== route.truckId)).toBe(true);
  });
});
