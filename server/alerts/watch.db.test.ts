import { randomUUID } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AlertKind } from '../../shared/alerts.ts';
import { testDatabaseKind } from '../../tests/database/open.ts';
import { openRoom, type Room } from '../../tests/scenarios/room.ts';
import { alerts, deviceLatest, trucks } from '../db/schema/index.ts';
import { generate } from '../dispatch/generate.ts';
import { registerDevice } from '../fleet/register-device.ts';
import { truckOut } from '../fleet/truck-out.ts';
import { truckReturned } from '../fleet/truck-returned.ts';
import { currentRules } from '../rules/current.ts';
import { updateRules } from '../rules/update.ts';
import { clearAlert } from './clear.ts';
import { listAlerts } from './list.ts';
import { startAlertWatch, type AlertWatch } from './watch.ts';

let room: Room;
const problems: unknown[] = [];
const watches: AlertWatch[] = [];

beforeAll(async () => {
  room = await openRoom();
});
afterAll(async () => {
  await Promise.all(watches.map((watch) => watch.stop()));
  await room.close();
});
beforeEach(async () => {
  await Promise.all(watches.splice(0).map((watch) => watch.stop()));
  for (const { id } of (await listAlerts(room.store, {})).items)
    await clearAlert(room.store, room.admin, { id });
  room.later(24 * 60);
  problems.length = 0;
});

/** An instance's watch, looked through by hand: it has no timer of its own here. */
function watchRoom(database = room.database): AlertWatch {
  const watch = startAlertWatch(
    {
      store: { ...room.store, database: database as typeof room.database },
      fleet: { snapshot: () => [], deviceFixes: () => [] },
      skews: async () => new Map(),
      holder: randomUUID(),
      log: { error: (about) => void problems.push(about) },
    },
    null,
  );
  watches.push(watch);
  return watch;
}

/** The database, whose connection breaks the first time a table is read. */
function losingOnce(table: unknown): Room['database'] {
  let isLost = false;
  const { db } = room.database;
  const select = ((...fields: Parameters<typeof db.select>) => {
    const query = db.select(...fields);
    const from = query.from.bind(query);
    return Object.assign(query, {
      from(source: Parameters<typeof from>[0]) {
        if (source !== table || isLost) return from(source);
        isLost = true;
        throw new Error('connection lost');
      },
    });
  }) as typeof db.select;
  return { ...room.database, db: Object.assign(Object.create(db) as typeof db, { select }) };
}

async function open(kind: AlertKind) {
  return (await listAlerts(room.store, {})).items.filter((alert) => alert.kind === kind);
}

describe('the watch over the room', () => {
  it('raises what counts once, and clears it when it is over', async () => {
    const truckId = await room.truck('posterior');
    const watch = watchRoom();
    await watch.look();
    expect(await open('truck-out')).toEqual([]);
    await truckOut(room.store, room.supervisor, { truckId, reason: 'motor' });
    for (let n = 0; n < 3; n++) await watch.look();
    const [alert, ...more] = await open('truck-out');
    expect(more).toEqual([]);
    expect(alert).toMatchObject({ level: 'high', repeats: 0, subject: { kind: 'truck', id: truckId } });
    await truckReturned(room.store, room.supervisor, truckId);
    await watch.look();
    expect(await open('truck-out')).toEqual([]);
    const over = (await listAlerts(room.store, { cleared: true })).items.find(({ id }) => id === alert!.id);
    expect(over).toMatchObject({ state: 'cleared', clearedBy: 'system' });
    expect(problems).toEqual([]);
  });

  it('what a person cleared while it lasts comes back after the cool-down, not before', async () => {
    const truckId = await room.truck('posterior');
    await truckOut(room.store, room.supervisor, { truckId });
    const watch = watchRoom();
    await watch.look();
    const [first] = await open('truck-out');
    await clearAlert(room.store, room.admin, { id: first!.id });
    for (let n = 0; n < 3; n++) await watch.look();
    expect(await open('truck-out')).toEqual([]);
    room.later(16);
    await watch.look();
    expect(await open('truck-out')).toHaveLength(1);
    await truckReturned(room.store, room.supervisor, truckId);
  });

  it('a restart neither raises again nor clears what lasts, and still ends what is over', async () => {
    const truckId = await room.truck('posterior');
    await truckOut(room.store, room.supervisor, { truckId });
    const first = watchRoom();
    await first.look();
    const before = await open('truck-out');
    await first.stop();
    const second = watchRoom();
    for (let n = 0; n < 2; n++) await second.look();
    expect(await open('truck-out')).toEqual(before);
    await second.stop();
    await truckReturned(room.store, room.supervisor, truckId);
    const third = watchRoom();
    await third.look();
    expect(await open('truck-out')).toEqual([]);
  });

  it('what was read in part is not taken for all: nothing is raised twice, nothing ends', async () => {
    const truckId = await room.truck('posterior');
    await truckOut(room.store, room.supervisor, { truckId });
    const first = watchRoom();
    await first.look();
    const before = await open('truck-out');
    expect(before).toHaveLength(1);
    await first.stop();
    const second = watchRoom(losingOnce(alerts));
    for (let n = 0; n < 3; n++) await second.look();
    expect(problems).toHaveLength(1);
    expect(await open('truck-out')).toEqual(before);
    await truckReturned(room.store, room.supervisor, truckId);
  });

  it('a device that falls silent on a route, by what the database keeps of it', async () => {
    const truckId = await room.truck('posterior');
    for (let n = 0; n < 3; n++) await room.validated('zona_critica', 20 * n);
    await generate(room.dispatch, room.supervisor, { zone: 'oriental' });
    const route = (await room.plan()).routes.find((candidate) => candidate.state === 'planned')!;
    await room.setOut(route.id);
    const { deviceId } = await registerDevice(room.store, room.admin, {
      truckId: route.truckId,
      name: 'GPS',
    });
    const heard = async () => {
      const at = new Date(room.now());
      await room.database.db
        .insert(deviceLatest)
        .values({
          deviceId,
          truckId: route.truckId,
          recordedAt: at,
          receivedAt: at,
          lat: -0.93,
          lon: -78.6,
          geom: 'POINT(-78.6 -0.93)',
        })
        .onConflictDoUpdate({ target: deviceLatest.deviceId, set: { recordedAt: at, receivedAt: at } });
    };
    await heard();
    const watch = watchRoom();
    await watch.look();
    expect(await open('offline')).toEqual([]);
    room.later(6);
    await watch.look();
    expect(await open('offline')).toMatchObject([
      { level: 'high', subject: { kind: 'device', id: deviceId }, details: { device: 'GPS', silentS: 360 } },
    ]);
    await heard();
    await watch.look();
    expect(await open('offline')).toHaveLength(1);
    room.later(0.6);
    await heard();
    await watch.look();
    expect(await open('offline')).toEqual([]);
    expect(truckId).toBeGreaterThan(0);
  });

  it('a window that will not be kept, a route nobody starts, a truck that is full', async () => {
    const incidentId = await room.validated('animal_muerto', 5);
    const watch = watchRoom();
    room.later(100);
    await watch.look();
    room.later(2);
    await watch.look();
    const atRisk = await open('window-at-risk');
    expect(atRisk.filter(({ subject }) => subject.id === incidentId)).toMatchObject([
      { level: 'urgent', subject: { kind: 'incident', id: incidentId }, details: { keep: null } },
    ]);
    await room.truck('posterior');
    await generate(room.dispatch, room.supervisor, { zone: 'oriental' });
    const planned = (await room.plan()).routes.find((route) => route.state === 'planned')!;
    room.later(20);
    await watch.look();
    expect(await open('late-start')).toMatchObject([
      { level: 'medium', subject: { kind: 'route', id: planned.id } },
    ]);
    await room.setOut(planned.id);
    await room.database.db.update(trucks).set({ loadAboard: 25 }).where(eq(trucks.id, planned.truckId));
    await watch.look();
    room.later(1);
    await watch.look();
    expect(await open('late-start')).toEqual([]);
    expect((await open('truck-full')).map(({ subject }) => subject.id)).toContain(planned.truckId);
  });

  it('follows the rules an admin sets: a kind switched off is cleared and raised no more', async () => {
    const truckId = await room.truck('posterior');
    await truckOut(room.store, room.supervisor, { truckId });
    const watch = watchRoom();
    await watch.look();
    expect(await open('truck-out')).toHaveLength(1);
    const { rules } = await currentRules(room.database.db);
    await updateRules(room.store, room.admin, {
      rules: { ...rules, alerts: { ...rules.alerts, off: ['truck-out'] } },
    });
    await watch.look();
    expect(await open('truck-out')).toEqual([]);
    await updateRules(room.store, room.admin, { rules });
    await truckReturned(room.store, room.supervisor, truckId);
  });

  it.runIf(testDatabaseKind() === 'postgres')(
    'on two instances one looks, and the other takes over',
    async () => {
      const other = await room.database.again();
      try {
        const truckId = await room.truck('posterior');
        const [a, b] = [watchRoom(), watchRoom(other as unknown as typeof room.database)];
        await truckOut(room.store, room.supervisor, { truckId });
        for (let n = 0; n < 3; n++) await Promise.all([a.look(), b.look()]);
        const before = await open('truck-out');
        expect(before).toHaveLength(1);
        expect(before[0]).toMatchObject({ repeats: 0 });
        await a.stop();
        await truckReturned(room.store, room.supervisor, truckId);
        await b.look();
        await b.look();
        expect(await open('truck-out')).toEqual([]);
      } finally {
        await Promise.all(watches.splice(0).map((watch) => watch.stop()));
        await other.close();
      }
    },
  );
});
