import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { DomainEvent } from '../../shared/events.ts';
import { currentPlan } from '../../server/dispatch/current-plan.ts';
import type { Dispatch } from '../../server/dispatch/dispatch.ts';
import { generate } from '../../server/dispatch/generate.ts';
import { weighZones } from '../../server/dispatch/react.ts';
import { createLocalBus } from '../../server/events/bus.ts';
import { eventsSince } from '../../server/events/read.ts';
import type { Store } from '../../server/events/store.ts';
import { solve } from '../../server/planning/index.ts';
import { Citizens } from '../../server/sim/citizens.ts';
import type { SimFix } from '../../server/sim/city.ts';
import { Day } from '../../server/sim/day.ts';
import { inProcessCity } from '../../server/sim/in-process-city.ts';
import { CITY_PLACES } from '../../server/sim/places.ts';
import { seedCity } from '../../server/sim/seed-city.ts';
import { openTestDatabase } from '../database/open.ts';
import { straightRoads } from './room.ts';

const MINUTES = 40;
const quiet = { info: () => undefined, error: () => undefined };

/** A morning without anybody at the screens: the same seed has to give the same day, event by event. */
async function liveAMorning(seed: number): Promise<{ events: DomainEvent[]; fixes: SimFix[] }> {
  const database = await openTestDatabase();
  let nowMs = Date.parse('2026-11-24T12:00:00Z');
  const store: Store = { database, clock: () => nowMs, bus: createLocalBus() };
  const dispatch: Dispatch = {
    store,
    roads: straightRoads(),
    planner: {
      solve: async (problem, options) =>
        solve(problem, { seed: options.seed, iterations: 800, now: () => 0 }),
    },
    positionOf: () => null,
    budget: { iterations: 800 },
    seed,
  };
  const city = await seedCity(store, {
    seed,
    places: CITY_PLACES,
    containers: 60,
    snap: async (point) => ({ ...point, name: '' }),
    addressOf: async () => null,
  });
  const people = inProcessCity(store, dispatch.roads, city.supervisor);
  const citizens = new Citizens(seed, CITY_PLACES, nowMs);
  for (let n = 0; n < 16; n++) {
    nowMs += 60_000;
    const id = await people.report(citizens.nextReport());
    await people.validate(id).catch(() => undefined);
  }
  for (const zone of ['oriental', 'occidental'] as const) {
    await generate(dispatch, city.supervisor, { zone, containers: true }).catch(() => undefined);
  }
  const fixes: SimFix[] = [];
  const day = new Day({
    seed,
    trucks: city.trucks.map(({ truckId }) => ({ truckId, automatic: true })),
    home: { lat: -0.936, lon: -78.613 },
    places: CITY_PLACES,
    startMs: nowMs,
    onFix: (_truckId, fix) => fixes.push(fix),
  });
  const endMs = nowMs + MINUTES * 60_000;
  for (; nowMs <= endMs; nowMs += 5_000) {
    await day.step(people, nowMs);
    if ((nowMs / 1_000) % 30 === 0) await weighZones(dispatch, quiet);
  }
  const events = await eventsSince(database, 0, 100_000);
  expect((await currentPlan(store, city.supervisor)).routes.length).toBeGreaterThan(0);
  await database.drop();
  return { events, fixes };
}

const hashOf = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex');

it(
  'the same seed repeats the day: the same events in the same order, the same fixes',
  { timeout: 300_000 },
  async () => {
    const first = await liveAMorning(7);
    const done = first.events.filter((event) => event.type === 'stop.completed').length;
    expect(done).toBeGreaterThan(10);
    expect(first.fixes.length).toBeGreaterThan(1_000);
    const second = await liveAMorning(7);
    expect(second.events.length).toBe(first.events.length);
    expect(hashOf(second.events)).toBe(hashOf(first.events));
    expect(hashOf(second.fixes)).toBe(hashOf(first.fixes));
  },
);
