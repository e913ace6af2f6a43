import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { insertUser } from '../access/create-user.ts';
import type { AlertLevel } from '../../shared/alerts.ts';
import type { Actor, Role } from '../../shared/actor.ts';
import { isDomainError } from '../../shared/errors.ts';
import { openTestDatabase, type TestDatabase } from '../../tests/database/open.ts';
import { createLocalBus } from '../events/bus.ts';
import { commit, type Store } from '../events/store.ts';
import { acknowledgeAlert } from './acknowledge.ts';
import { annotateAlert } from './annotate.ts';
import { assignAlert } from './assign.ts';
import { clearAlert, clearByItself } from './clear.ts';
import { countOpenAlerts } from './count-open.ts';
import { forgetOldAlerts } from './forget-old.ts';
import { getAlert } from './get.ts';
import { listAlerts } from './list.ts';
import { muteAlert } from './mute.ts';
import { raiseAlert } from './raise.ts';
import { clearSystemAlert, raiseSystemAlert } from './system.ts';

const COOL_DOWN_S = 900;
let database: TestDatabase;
let store: Store;
let nowMs = Date.parse('2026-03-02T12:00:00-05:00');
let operator: Actor & { kind: 'user' };
let truckId = 100;

beforeAll(async () => {
  database = await openTestDatabase();
  store = { database, clock: () => nowMs, bus: createLocalBus() };
  operator = await person('operadora', 'operator');
});
afterAll(() => database.drop());
beforeEach(() => {
  truckId += 1;
  nowMs += 24 * 3_600_000;
});

async function person(username: string, role: Role): Promise<Actor & { kind: 'user' }> {
  const row = await commit(store, { kind: 'system' }, (tx, emit) =>
    insertUser(tx, emit, { username, passwordHash: 'not-a-hash', role }),
  );
  return { kind: 'user', id: row.id, role, username };
}

const speeding = (level: AlertLevel = 'medium', speedKmh = 70) =>
  raiseAlert(
    store,
    {
      kind: 'speeding',
      level,
      subject: { kind: 'truck', id: truckId },
      zone: 'oriental',
      details: { speedKmh },
    },
    COOL_DOWN_S,
  );
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => 'nothing',
    (error: unknown) => (isDomainError(error) ? error.reason : String(error)),
  );

describe('an alert', () => {
  it('goes from raised over seen and given to cleared, and its story tells who did what', async () => {
    const { alertId: id } = await speeding();
    expect(await getAlert(store, id)).toMatchObject({
      state: 'open',
      level: 'medium',
      zone: 'oriental',
      repeats: 0,
    });
    nowMs += 60_000;
    expect(await acknowledgeAlert(store, operator, { id })).toMatchObject({
      state: 'acknowledged',
      acknowledgedBy: 'operadora',
      acknowledgedAt: new Date(nowMs).toISOString(),
    });
    const given = await assignAlert(store, operator, { id, userId: operator.id, note: 'Llamo al conductor' });
    expect(given).toMatchObject({
      state: 'assigned',
      assignedTo: { username: 'operadora' },
      note: 'Llamo al conductor',
    });
    await annotateAlert(store, operator, { id, note: 'Ya bajó' });
    expect(await clearAlert(store, operator, { id })).toMatchObject({
      state: 'cleared',
      clearedBy: 'operadora',
      note: 'Ya bajó',
    });
    const { story } = await getAlert(store, id);
    expect(story.map(({ actor, data }) => [actor, data.state])).toEqual([
      ['system', 'open'],
      ['operadora', 'acknowledged'],
      ['operadora', 'assigned'],
      ['operadora', 'assigned'],
      ['operadora', 'cleared'],
    ]);
  });

  it('goes no way back: a cleared one stays cleared', async () => {
    const { alertId: id } = await speeding();
    await assignAlert(store, operator, { id, userId: operator.id });
    expect(await refusal(acknowledgeAlert(store, operator, { id }))).toBe('invalid-transition');
    await clearAlert(store, operator, { id });
    expect(await refusal(clearAlert(store, operator, { id }))).toBe('invalid-transition');
    expect(await refusal(assignAlert(store, operator, { id, userId: operator.id }))).toBe(
      'invalid-transition',
    );
    expect(await refusal(acknowledgeAlert(store, operator, { id: 999_999 }))).toBe('not-found');
  });

  it('is given only to people of the room, and is no business of drivers', async () => {
    const driver = await person('chofer', 'driver');
    const { alertId: id } = await speeding();
    expect(await refusal(assignAlert(store, operator, { id, userId: driver.id }))).toBe('not-found');
    expect(await refusal(acknowledgeAlert(store, driver, { id }))).toBe('wrong-role');
  });

  it('is raised once while it is open, counted, and grows worse with its level', async () => {
    const first = await speeding();
    expect(await speeding()).toEqual({ outcome: 'repeated', alertId: first.alertId });
    expect(await speeding('high', 95)).toEqual({ outcome: 'escalated', alertId: first.alertId });
    expect(await speeding('medium')).toEqual({ outcome: 'repeated', alertId: first.alertId });
    expect(await getAlert(store, first.alertId)).toMatchObject({ level: 'high', repeats: 2 });
    expect((await countOpenAlerts(store)).get('speeding')).toBe((await listAlerts(store, {})).items.length);
  });

  it('that comes again every twenty seconds is told once a minute', async () => {
    const { alertId } = await speeding();
    for (let n = 0; n < 9; n++) {
      nowMs += 20_000;
      await speeding();
    }
    const { story, repeats } = await getAlert(store, alertId);
    expect(repeats).toBe(9);
    expect(story.filter(({ data }) => 'repeats' in data)).toHaveLength(3);
  });

  it('comes back only after the cool-down, unless it is worse', async () => {
    const first = await speeding();
    await clearByItself(store, 'speeding', `truck:${truckId}`);
    nowMs += (COOL_DOWN_S - 1) * 1_000;
    expect(await speeding()).toMatchObject({ outcome: 'cooling', alertId: first.alertId });
    expect(await getAlert(store, first.alertId)).toMatchObject({
      state: 'cleared',
      clearedBy: 'system',
      repeats: 1,
    });
    nowMs += 1_000;
    const second = await speeding();
    expect(second.outcome).toBe('raised');
    await clearAlert(store, operator, { id: second.alertId });
    expect((await speeding('high')).outcome).toBe('raised');
  });

  it('muted stays muted until the shift ends, also the ones that come after it', async () => {
    nowMs = Date.parse('2027-01-05T12:00:00-05:00');
    const { alertId: id } = await speeding();
    const muted = await muteAlert(store, operator, { id, muted: true });
    expect(muted.mutedUntil).toBe('2027-01-06T00:00:00.000Z');
    await clearAlert(store, operator, { id });
    nowMs += 2 * 3_600_000;
    const second = await speeding();
    expect(await getAlert(store, second.alertId)).toMatchObject({ mutedUntil: muted.mutedUntil });
    await clearAlert(store, operator, { id: second.alertId });
    nowMs = Date.parse('2027-01-05T19:00:00-05:00');
    expect(await getAlert(store, (await speeding()).alertId)).toMatchObject({ mutedUntil: null });
  });

  it('raised by many at the same moment is one', async () => {
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => speeding()));
    expect(new Set(outcomes.map(({ alertId }) => alertId)).size).toBe(1);
    expect(outcomes.filter(({ outcome }) => outcome === 'raised')).toHaveLength(1);
  });

  it('is listed by what is open and what is over, page by page', async () => {
    for (let n = 0; n < 3; n++) {
      truckId += 1;
      await clearAlert(store, operator, { id: (await speeding()).alertId });
    }
    const first = await listAlerts(store, { cleared: true, limit: 2 });
    expect(first.items).toHaveLength(2);
    const second = await listAlerts(store, { cleared: true, limit: 2, before: first.nextBefore! });
    expect(second.items[0]!.id).toBeLessThan(first.items[1]!.id);
    expect((await listAlerts(store, {})).items.every(({ state }) => state !== 'cleared')).toBe(true);
  });
});

describe('an alert of the installation', () => {
  it('may be raised and cleared again and again: it is one, by its part', async () => {
    const first = await raiseSystemAlert(store, 'disk-low', { freeBytes: 10 }, { part: '/data' });
    expect(await raiseSystemAlert(store, 'disk-low', { freeBytes: 9 }, { part: '/data' })).toMatchObject({
      outcome: 'repeated',
      alertId: first.alertId,
    });
    expect(await raiseSystemAlert(store, 'disk-low', {}, { part: '/backup' })).toMatchObject({
      outcome: 'raised',
    });
    expect(await getAlert(store, first.alertId)).toMatchObject({
      level: 'high',
      details: { freeBytes: 9 },
      subject: { kind: 'system', id: 0, name: '/data' },
    });
    expect(await clearSystemAlert(store, 'disk-low', '/data')).toBe(true);
    expect(await clearSystemAlert(store, 'disk-low', '/data')).toBe(false);
  });
});

describe('what is long over', () => {
  it('is forgotten after its time; what is open stays however old', async () => {
    await speeding();
    await clearByItself(store, 'speeding', `truck:${truckId}`);
    const over = (await listAlerts(store, { cleared: true })).items.find(
      (alert) => alert.subject.id === truckId,
    );
    const known = async (id: number) => (await refusal(getAlert(store, id))) === 'nothing';
    expect(over).toBeDefined();
    truckId += 1;
    await speeding();
    const open = (await listAlerts(store, {})).items.find((alert) => alert.subject.id === truckId)!;
    nowMs += 390 * 24 * 3_600_000;
    await forgetOldAlerts(store);
    expect([await known(over!.id), await known(open.id)]).toEqual([true, true]);
    nowMs += 20 * 24 * 3_600_000;
    await forgetOldAlerts(store);
    expect([await known(over!.id), await known(open.id)]).toEqual([false, true]);
  });
});
