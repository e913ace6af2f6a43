import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { destination, type Point } from '../../shared/geo.ts';
import { DEFAULT_RULES } from '../../shared/rules.ts';
import {
  buyTruck,
  hireDriver,
  openHouse,
  planRoute,
  validatedIncident,
  type House,
} from '../../tests/regression/house.ts';
import type { UserActor } from '../api/trpc.ts';
import { ensureTrackPartitions } from '../db/track-partitions.ts';
import { incidents as incidentRows, stops, trucks } from '../db/schema/index.ts';
import { createAssignment } from '../fleet/assignment-create.ts';
import { startAssignment } from '../fleet/assignment-start.ts';
import { registerDevice } from '../fleet/register-device.ts';
import { completeStop } from '../fleet/stop-complete.ts';
import { departForStop } from '../fleet/stop-depart.ts';
import { failStop } from '../fleet/stop-fail.ts';
import { reopenStop } from '../fleet/stop-reopen.ts';
import { silentLog } from '../ops/log.ts';
import { updateRules } from '../rules/update.ts';
import { noteLate } from '../telemetry/tracks-late.ts';
import { watchVisits, type VisitWatch } from './visit-watch.ts';
import { visitsOf } from './visits-of.ts';

let house: House;
let ana: { actor: UserActor; id: number };
let watch: VisitWatch;
let truckId: number;
let deviceId: number;
let route: Awaited<ReturnType<typeof planRoute>>;
let places: (Point & { id: number })[];
/** The instant each test begins at. */
let base = 0;
let watches = 0;
const startWatch = () =>
  watchVisits({
    store: house.store,
    holder: `w${++watches}`,
    log: silentLog(),
    tickMs: null,
  });

beforeAll(async () => {
  house = await openHouse();
  const hired = await hireDriver(house, 0);
  ana = { actor: hired.actor, id: hired.driver.id };
  const { nowMs } = house.clock;
  await ensureTrackPartitions(
    house.database.sql,
    new Date(nowMs - 86_400_000),
    new Date(nowMs + 3 * 86_400_000),
  );
});
afterAll(() => house.close());

/** A running route of two piles and a critical zone, its truck with a tracker. */
beforeEach(async () => {
  const { database, store } = house;
  await database.sql`delete from assignments`;
  await database.sql`delete from visits`;
  await database.sql`delete from visit_states`;
  await database.sql`delete from late_tracks`;
  await database.sql`delete from leases`;
  await database.sql`update drivers set state = 'available'`;
  house.clock.nowMs += 12 * 3_600_000;
  await ensureTrackPartitions(
    database.sql,
    new Date(house.clock.nowMs - 86_400_000),
    new Date(house.clock.nowMs + 86_400_000),
  );
  truckId = (await buyTruck(house)).id;
  ({ deviceId } = await registerDevice(store, house.actors.admin, { truckId, name: 'tracker' }));
  const piles = [
    await validatedIncident(house),
    await validatedIncident(house),
    await validatedIncident(house, 'animal_muerto'),
  ];
  places = piles.map(({ id, lat, lon }) => ({ id, lat, lon }));
  route = await planRoute(house, truckId, piles);
  const { id } = await createAssignment(store, house.actors.supervisor, {
    routeId: route.routeId,
    driverId: ana.id,
  });
  await startAssignment(store, ana.actor, id);
  watch = startWatch();
  base = house.clock.nowMs;
});

interface Sent extends Point {
  t: number;
  speed?: number;
  flag?: string;
}

/** Puts fixes where an acknowledged frame puts them. */
async function store(fixes: readonly Sent[], { late = false } = {}): Promise<void> {
  const { sql } = house.database;
  for (const { t, lat, lon, speed, flag } of fixes) {
    await sql`
      insert into tracks (device_id, truck_id, recorded_at, received_at, geom, speed, flag)
      values (${deviceId}, ${truckId}, to_timestamp(${t}::float8 / 1000), to_timestamp(${house.clock.nowMs}::float8 / 1000),
              ST_SetSRID(ST_MakePoint(${lon}, ${lat}), 4326), ${speed ?? null}, ${flag ?? null})
      on conflict do nothing`;
  }
  const good = fixes.filter((fix) => !fix.flag);
  const newest = good.reduce((a, b) => (a.t > b.t ? a : b));
  await sql`
    insert into device_latest (device_id, truck_id, recorded_at, received_at, lat, lon, geom)
    values (${deviceId}, ${truckId}, to_timestamp(${newest.t}::float8 / 1000), now(), ${newest.lat}, ${newest.lon},
            ST_SetSRID(ST_MakePoint(${newest.lon}, ${newest.lat}), 4326))
    on conflict (device_id) do update set recorded_at = excluded.recorded_at where device_latest.recorded_at < excluded.recorded_at`;
  if (late) await noteLate(sql, [{ truckId, fromMs: Math.min(...good.map(({ t }) => t)), toMs: newest.t }]);
}

/** A fix every ten seconds around a place, from a second of the test on. */
function stay(place: Point, fromS: number, forS: number, offM = 5): Sent[] {
  const fixes: Sent[] = [];
  for (let s = fromS; s <= fromS + forS; s += 10) {
    fixes.push({ t: base + s * 1_000, ...destination(place, (s * 7) % 360, offM), speed: 0.2 });
  }
  return fixes;
}
const away = (place: Point, fromS: number): Sent[] => stay(destination(place, 0, 500), fromS, 60);

const stopOf = async (index: number) =>
  (await house.database.db.select().from(stops).where(eq(stops.id, route.incidentStopIds[index]!)))[0]!;
const aboard = async () =>
  (await house.database.db.select().from(trucks).where(eq(trucks.id, truckId)))[0]!.loadAboard;
const incidentState = async (index: number) =>
  (await house.database.db.select().from(incidentRows).where(eq(incidentRows.id, places[index]!.id)))[0]!
    .state;
const told = async () =>
  (
    await house.database.sql<{ type: string }[]>`
      select type from events where actor ->> 'truckId' = ${String(truckId)} order by id`
  ).map(({ type }) => type);
const visited = async () =>
  (
    await visitsOf(
      house.database,
      truckId,
      new Date(house.clock.nowMs - 86_400_000),
      new Date(house.clock.nowMs + 86_400_000),
    )
  )
    .filter(({ stopId }) => stopId !== null)
    .map(({ stopId, arrivedAt, leftAt }) => [
      route.incidentStopIds.indexOf(stopId!),
      (Date.parse(arrivedAt) - base) / 1_000,
      leftAt === null ? null : (Date.parse(leftAt) - base) / 1_000,
    ]);
/** The clock stands where the newest fix is. */
async function lookAt(second: number): Promise<void> {
  house.clock.nowMs = base + second * 1_000;
  // The second look grades what the first one closed.
  for (let looks = 0; looks < 2 || (await isBehind()); looks++) await watch.look();
}
async function isBehind(): Promise<boolean> {
  const rows = await house.database.sql`select 1 from late_tracks`;
  return rows.length > 0;
}

const visitAt = (place: Point, fromS = 100, forS = 200): Sent[] => [
  ...away(place, fromS - 100),
  ...stay(place, fromS, forS),
  ...away(place, fromS + forS + 20),
];

describe('a truck that stops where it is to stop', () => {
  it('arrives, leaves, and closes the stop with its incident, as the rule says, with grade B', async () => {
    await store([...away(places[0]!, 0), ...stay(places[0]!, 100, 200)]);
    await lookAt(300);
    expect(await told()).toContain('stop.arrived');
    expect(await stopOf(0)).toMatchObject({
      state: 'planned',
      arrivedAt: new Date(base + 100_000),
      leftAt: null,
    });
    await store(away(places[0]!, 320));
    await lookAt(380);
    expect(await told()).toEqual(expect.arrayContaining(['stop.left', 'stop.completed']));
    expect(await stopOf(0)).toMatchObject({
      state: 'done',
      closedBy: 'visit',
      evidence: 'B',
      loaded: 3,
      finishedAt: new Date(base + 320_000),
    });
    expect(await incidentState(0)).toBe('completed');
    expect(await aboard()).toBe(3);
  });

  it('is not closed by driving past, by a short halt, or while its rule is off', async () => {
    await store(visitAt(places[0]!, 100, 30));
    await lookAt(300);
    expect(await stopOf(0)).toMatchObject({ state: 'planned', arrivedAt: new Date(base + 100_000) });
    await setCloses(null);
    await store(visitAt(places[0]!, 500));
    await lookAt(800);
    expect((await stopOf(0)).state).toBe('planned');
    await setCloses(DEFAULT_RULES.visitCloses);
  });

  it("of high severity waits for somebody's word", async () => {
    await completeStop(house.store, ana.actor, { stopId: route.incidentStopIds[0]! });
    await completeStop(house.store, ana.actor, { stopId: route.incidentStopIds[1]! });
    await store(visitAt(places[2]!));
    await lookAt(400);
    expect(await stopOf(2)).toMatchObject({ state: 'planned', leftAt: new Date(base + 320_000) });
  });

  it('beside another stop than its next one closes nothing, nor does another truck', async () => {
    await store(visitAt(places[1]!));
    await lookAt(400);
    expect(await stopOf(1)).toMatchObject({ state: 'planned', arrivedAt: new Date(base + 100_000) });
    await departForStop(house.store, ana.actor, route.incidentStopIds[1]!);
    await store(visitAt(places[0]!, 600));
    await lookAt(900);
    expect((await stopOf(0)).state).toBe('planned');
    const other = (await buyTruck(house)).id;
    ({ deviceId } = await registerDevice(house.store, house.actors.admin, { truckId: other, name: 'other' }));
    truckId = other;
    await store(visitAt(places[1]!, 1_000));
    await lookAt(1_400);
    expect((await stopOf(1)).state).toBe('enroute');
  });

  it('one halt closes one stop: its neighbour within reach waits', async () => {
    const { sql } = house.database;
    const beside = destination(places[0]!, 90, 15);
    await sql`update stops set lat = ${beside.lat}, lon = ${beside.lon} where id = ${route.incidentStopIds[1]!}`;
    await watch.stop();
    watch = startWatch();
    await store(visitAt(places[0]!));
    await lookAt(400);
    expect([(await stopOf(0)).state, (await stopOf(1)).state]).toEqual(['done', 'planned']);
    expect(await stopOf(1)).toMatchObject({ arrivedAt: new Date(base + 100_000) });
    await store(visitAt(places[0]!, 600));
    await lookAt(900);
    expect((await stopOf(1)).state).toBe('done');
  });

  it('flapping and flagged fixes arrive nowhere twice', async () => {
    const wobble = Array.from({ length: 60 }, (_, i) => ({
      t: base + (100 + i * 10) * 1_000,
      ...destination(places[0]!, 90, i % 2 === 0 ? 38 : 52),
    }));
    const wild = { t: base + 333_000, ...destination(places[0]!, 0, 9_000), flag: 'jump' };
    await store([...away(places[0]!, 0), ...wobble, wild]);
    await lookAt(700);
    expect((await told()).filter((type) => type.startsWith('stop.'))).toEqual(['stop.arrived']);
  });

  it('at the landfill is emptied', async () => {
    for (const stopId of route.incidentStopIds) await completeStop(house.store, ana.actor, { stopId });
    expect(await aboard()).toBe(11);
    await store(visitAt(DEFAULT_RULES.landfill, 100, 300));
    await lookAt(500);
    expect(await told()).toEqual(expect.arrayContaining(['truck.entered', 'truck.left', 'stop.completed']));
    expect(await aboard()).toBe(0);
  });
});

describe("somebody's word", () => {
  it('with the track on the street is A; without any track D, and A once the track arrives late', async () => {
    await store(visitAt(places[0]!, 100, 200).slice(0, 24));
    await lookAt(230);
    await completeStop(house.store, ana.actor, { stopId: route.incidentStopIds[0]! });
    await completeStop(house.store, ana.actor, { stopId: route.incidentStopIds[1]! });
    await lookAt(240);
    expect(await stopOf(0)).toMatchObject({ evidence: 'A', closedBy: 'word' });
    expect(await stopOf(1)).toMatchObject({ evidence: 'D' });
    const { nowMs } = house.clock;
    await store(stay(places[0]!, 240, 10));
    await lookAt(250);
    const late = stay(places[1]!, 120, 60).map((fix) => ({ ...fix, t: fix.t + 1_000 }));
    await store(late, { late: true });
    await lookAt((nowMs - base) / 1_000 + 20);
    expect(await stopOf(1)).toMatchObject({ evidence: 'A' });
  });

  it('after the visit confirms it, or overrules it', async () => {
    await store(visitAt(places[0]!));
    await lookAt(400);
    const stopId = route.incidentStopIds[0]!;
    await completeStop(house.store, ana.actor, { stopId, clientId: `w-${stopId}` });
    await lookAt(410);
    expect(await stopOf(0)).toMatchObject({ state: 'done', closedBy: 'word', evidence: 'A' });
    expect(await aboard()).toBe(3);

    await store(visitAt(places[1]!, 600));
    await lookAt(900);
    expect(await stopOf(1)).toMatchObject({ state: 'done', closedBy: 'visit' });
    const second = route.incidentStopIds[1]!;
    await failStop(house.store, ana.actor, { stopId: second, reason: 'Calle cerrada' });
    expect(await stopOf(1)).toMatchObject({ state: 'failed', failReason: 'Calle cerrada', loaded: null });
    expect(await incidentState(1)).toBe('validated');
    expect(await aboard()).toBe(3);
  });

  it('undoes what a visit closed: stop, incident and load are as before; a word is not undone', async () => {
    await store(visitAt(places[0]!));
    await lookAt(400);
    const stopId = route.incidentStopIds[0]!;
    await reopenStop(house.store, ana.actor, stopId);
    expect(await stopOf(0)).toMatchObject({ state: 'planned', evidence: null, finishedAt: null });
    expect(await incidentState(0)).toBe('assigned');
    expect(await aboard()).toBe(0);
    await completeStop(house.store, ana.actor, { stopId });
    await expect(reopenStop(house.store, house.actors.supervisor, stopId)).rejects.toMatchObject({
      reason: 'invalid-transition',
    });
    expect(await incidentState(0)).toBe('completed');
  });

  it('that the visit served nothing holds when more of its track arrives; a later visit may close it', async () => {
    await store(visitAt(places[0]!));
    await lookAt(400);
    await reopenStop(house.store, house.actors.supervisor, route.incidentStopIds[0]!);
    await store([{ t: base + 205_000, ...places[0]!, speed: 0 }], { late: true });
    await lookAt(410);
    expect(await stopOf(0)).toMatchObject({ state: 'planned', closedBy: null });
    await store(visitAt(places[0]!, 700, 200));
    await lookAt(1_000);
    expect(await stopOf(0)).toMatchObject({ state: 'done', closedBy: 'visit' });
  });
});

describe('a track that was offline for hours', () => {
  /** A visit an hour for four hours, a fix every ten seconds between. */
  const hours = (): Sent[] =>
    [0, 1].flatMap((i) => visitAt(places[i]!, 1_000 + i * 7_200, 300)).concat(away(places[1]!, 14_300));
  const expected = [
    [0, 1_000, 1_320],
    [1, 8_200, 8_520],
  ];

  it('sent oldest first, newest first, or in pieces, ends in the same visits and tells nobody', async () => {
    for (const order of ['oldest', 'newest', 'pieces'] as const) {
      await house.database.sql`delete from visits`;
      await house.database.sql`delete from visit_states`;
      await house.database.sql`delete from tracks`;
      await house.database.sql`update device_latest set recorded_at = 'epoch'`;
      await house.database.sql`update stops set arrived_at = null, left_at = null`;
      watch = startWatch();
      await house.database.sql`delete from leases`;
      const before = (await told()).filter((type) => type === 'stop.arrived').length;
      const fixes = hours();
      const frames: Sent[][] = [];
      for (let i = 0; i < fixes.length; i += 25) frames.push(fixes.slice(i, i + 25));
      if (order === 'newest') frames.reverse();
      if (order === 'pieces') frames.sort((a, b) => (a[0]!.t % 7_000) - (b[0]!.t % 7_000));
      let newest = 0;
      for (const frame of frames) {
        await store(frame, { late: frame[0]!.t < newest });
        newest = Math.max(newest, frame.at(-1)!.t);
        await lookAt(14_400);
      }
      expect([order, await visited()]).toEqual([order, expected]);
      expect((await told()).filter((type) => type === 'stop.arrived')).toHaveLength(before);
      expect(await stopOf(0)).toMatchObject({ state: 'done', closedBy: 'visit', evidence: 'B' });
      expect(await stopOf(1)).toMatchObject({ state: 'done', leftAt: new Date(base + 8_520_000) });
    }
  });
});

describe('a stop that was visited twice', () => {
  it('keeps its first arrival when the second visit is looked at anew', async () => {
    await store([...visitAt(places[0]!, 100, 200), ...visitAt(places[0]!, 7_300, 200)]);
    await lookAt(7_600);
    const arrivedAt = new Date(base + 100_000);
    expect((await visited()).filter(([index]) => index === 0)).toHaveLength(2);
    expect((await stopOf(0)).arrivedAt).toEqual(arrivedAt);
    await store([{ t: base + 7_405_000, ...places[0]!, speed: 0 }], { late: true });
    await lookAt(7_610);
    expect((await stopOf(0)).arrivedAt).toEqual(arrivedAt);
  });
});

describe('the watch', () => {
  it('goes past a late stretch that cannot be looked at, says so, and comes back to it', async () => {
    const { sql } = house.database;
    await watch.stop();
    let isBroken = true;
    const said: object[] = [];
    const broken = new Proxy(sql, {
      apply(target, self, args: [TemplateStringsArray, ...unknown[]]) {
        const isAsked = isBroken && args[0].join('?').includes('live,') && args.includes(truckId);
        if (isAsked) throw new Error('a row nobody can read');
        return Reflect.apply(target, self, args) as unknown;
      },
    });
    watch = watchVisits({
      store: { ...house.store, database: { ...house.database, sql: broken } },
      holder: 'broken',
      log: { error: (about) => said.push(about) },
      tickMs: null,
    });
    const after = (await buyTruck(house)).id;
    await store([...away(places[0]!, 0), ...stay(places[0]!, 100, 200)]);
    house.clock.nowMs = base + 300_000;
    await watch.look();
    await store(stay(places[1]!, 40, 10), { late: true });
    await noteLate(sql, [{ truckId: after, fromMs: base, toMs: base + 1_000 }]);
    const waiting = async () =>
      (await sql<{ id: number }[]>`select truck_id::float8 as id from late_tracks order by 1`).map(
        ({ id }) => id,
      );
    expect(await waiting()).toEqual([truckId, after]);
    for (let looks = 0; looks < 3; looks++) expect(await watch.look()).toBe(true);
    expect(await waiting()).toEqual([truckId]);
    expect(said).toMatchObject([{ truckId }]);
    // What is new is followed all the same.
    await store(away(places[0]!, 320));
    house.clock.nowMs = base + 400_000;
    await watch.look();
    expect((await told()).filter((type) => type === 'stop.left')).toHaveLength(1);

    isBroken = false;
    await watch.look();
    expect(await waiting()).toEqual([truckId]);
    house.clock.nowMs += 5 * 60_000;
    await watch.look();
    expect(await waiting()).toEqual([]);
    expect(said).toHaveLength(1);
  });

  it('goes on after a restart where it was, and only one instance follows', async () => {
    await store([...away(places[0]!, 0), ...stay(places[0]!, 100, 60)]);
    await lookAt(160);
    const second = startWatch();
    expect(await second.look()).toBe(false);
    await watch.stop();
    watch = second;
    await store([...stay(places[0]!, 170, 120), ...away(places[0]!, 320)]);
    await lookAt(380);
    expect((await told()).filter((type) => type.startsWith('stop.'))).toEqual([
      'stop.arrived',
      'stop.left',
      'stop.completed',
    ]);
    await watch.stop();
  });
});

async function setCloses(visitCloses: typeof DEFAULT_RULES.visitCloses): Promise<void> {
  await updateRules(house.store, house.actors.admin, { rules: { ...DEFAULT_RULES, visitCloses } });
}
