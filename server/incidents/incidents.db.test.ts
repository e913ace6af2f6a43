import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SYSTEM } from '../../shared/actor.ts';
import { isDomainError, type ErrorReason } from '../../shared/errors.ts';
import { DEFAULT_RULES } from '../../shared/rules.ts';
import {
  buyTruck,
  openHouse,
  planRoute,
  validatedIncident,
  type House,
} from '../../tests/regression/house.ts';
import { events, incidentReports, incidents, stops } from '../db/schema/index.ts';
import { eventsOf } from '../events/read.ts';
import { truckView } from '../fleet/truck-view.ts';
import { updateRules } from '../rules/update.ts';
import { cancelIncident } from './cancel.ts';
import { completeIncident } from './complete.ts';
import { getIncident } from './get.ts';
import { listIncidents } from './list.ts';
import { reportIncident } from './report.ts';
import { trackIncident } from './track.ts';
import { validateIncident } from './validate.ts';
import { zonesStatus } from './zones-status.ts';

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());

const CITIZEN = { kind: 'citizen', address: '203.0.113.9' } as const;
const METRE = 1 / 111_195;

async function reasonOf(promise: Promise<unknown>): Promise<ErrorReason | 'nothing' | 'unknown'> {
  try {
    await promise;
    return 'nothing';
  } catch (error) {
    return isDomainError(error) ? error.reason : 'unknown';
  }
}

describe('a report', () => {
  it.each([
    ['acopio', -78.6, 1, 24, 'oriental'],
    ['zona_critica', -78.63, 3, 8, 'occidental'],
    ['animal_muerto', -78.6, 5, 2, 'oriental'],
  ] as const)('%s gets severity, zone and window by the rules', async (type, lon, severity, hours, zone) => {
    const receipt = await reportIncident(house.store, CITIZEN, { type, lat: -0.95, lon });
    expect(receipt).toMatchObject({ severity, zone, state: 'pending' });
    expect(Date.parse(receipt.windowEnd) - Date.parse(receipt.windowStart)).toBe(hours * 3_600_000);
    expect(receipt.code).toMatch(/^[A-HJ-NP-Z2-9]{10}$/);
  });

  it('outside the service area is refused and leaves nothing', async () => {
    const before = await house.database.db.$count(incidents);
    const far = reportIncident(house.store, CITIZEN, { type: 'acopio', lat: -2.19, lon: -79.88 });
    expect(await reasonOf(far)).toBe('outside-service-area');
    expect(await house.database.db.$count(incidents)).toBe(before);
  });

  it('near an open one of the same type joins it; 31 m off, of another type or a day later it does not', async () => {
    const place = { lat: -0.88, lon: -78.58 };
    const first = await reportIncident(house.store, CITIZEN, {
      type: 'acopio',
      ...place,
      description: 'uno',
    });
    const near = { lat: place.lat + 29 * METRE, lon: place.lon };
    const second = await reportIncident(house.store, CITIZEN, {
      type: 'acopio',
      ...near,
      description: 'dos',
    });
    expect(second).toEqual(first);
    expect(await getIncident(house.store, first.id)).toMatchObject({ reports: 2, description: 'uno' });
    const types = (await eventsOf(house.database, 'incident', first.id)).map((event) => event.type);
    expect(types).toEqual(['incident.reported', 'incident.joined']);

    const off = { lat: place.lat + 31 * METRE, lon: place.lon };
    const others = [
      await reportIncident(house.store, CITIZEN, { type: 'acopio', ...off }),
      await reportIncident(house.store, CITIZEN, { type: 'zona_critica', ...place }),
    ];
    house.clock.nowMs += 24 * 3_600_000;
    others.push(await reportIncident(house.store, CITIZEN, { type: 'acopio', ...place }));
    expect(new Set([first.id, ...others.map(({ id }) => id)]).size).toBe(4);
  });

  it('does not join what is closed', async () => {
    const place = { lat: -0.881, lon: -78.59 };
    const first = await reportIncident(house.store, CITIZEN, { type: 'acopio', ...place });
    await cancelIncident(house.store, house.actors.operator, { id: first.id, reason: 'falsa' });
    const second = await reportIncident(house.store, CITIZEN, { type: 'acopio', ...place });
    expect(second.id).not.toBe(first.id);
  });

  it('ten of one thing at one moment make one incident', async () => {
    const input = { type: 'animal_muerto', lat: -0.89, lon: -78.57 } as const;
    const receipts = await Promise.all(
      Array.from({ length: 10 }, () => reportIncident(house.store, CITIZEN, input)),
    );
    expect(new Set(receipts.map(({ code }) => code)).size).toBe(1);
    const told = eq(incidentReports.incidentId, receipts[0]!.id);
    expect(await house.database.db.$count(incidentReports, told)).toBe(10);
  });

  it('keeps nothing of where the citizen called from', async () => {
    const rows = await house.database.db.select().from(events);
    expect(JSON.stringify(rows)).not.toContain(CITIZEN.address);
  });

  it('refuses a photo that was never sent', async () => {
    const report = reportIncident(house.store, CITIZEN, {
      type: 'acopio',
      lat: -0.9,
      lon: -78.55,
      photoId: '3f0e7ad4-33c4-4d3c-8f09-6d1f4f6a3d11',
    });
    expect(await reasonOf(report)).toBe('invalid-input');
  });
});

describe('validating', () => {
  it('two at once: one wins, the other is told', async () => {
    const { id } = await reportIncident(house.store, CITIZEN, { type: 'acopio', lat: -0.97, lon: -78.6 });
    const both = await Promise.all([
      reasonOf(validateIncident(house.store, house.actors.operator, id)),
      reasonOf(validateIncident(house.store, house.actors.supervisor, id)),
    ]);
    expect(both.sort()).toEqual(['invalid-transition', 'nothing']);
    const told = (await eventsOf(house.database, 'incident', id)).filter(
      (e) => e.type === 'incident.validated',
    );
    expect(told).toHaveLength(1);
  });

  it('is not for citizens and drivers, and says when there is nothing', async () => {
    expect(await reasonOf(validateIncident(house.store, CITIZEN, 1))).toBe('not-signed-in');
    expect(await reasonOf(validateIncident(house.store, house.actors.citizen, 1))).toBe('wrong-role');
    expect(await reasonOf(validateIncident(house.store, house.actors.operator, 999_999))).toBe('not-found');
  });
});

describe('cancelling', () => {
  it('an operator cancels what is pending and nothing further', async () => {
    const { id } = await reportIncident(house.store, CITIZEN, { type: 'acopio', lat: -0.971, lon: -78.6 });
    await validateIncident(house.store, SYSTEM, id);
    const input = { id, reason: 'duplicada' };
    expect(await reasonOf(cancelIncident(house.store, house.actors.operator, input))).toBe('wrong-role');
    const cancelled = await cancelIncident(house.store, house.actors.supervisor, input);
    expect(cancelled).toMatchObject({ state: 'cancelled', cancelReason: 'duplicada' });
    expect(await reasonOf(cancelIncident(house.store, house.actors.supervisor, input))).toBe(
      'invalid-transition',
    );
  });

  it('what is in the plan leaves it', async () => {
    const [one, two] = [await validatedIncident(house), await validatedIncident(house)];
    const truck = await buyTruck(house);
    const { version, incidentStopIds } = await planRoute(house, truck.id, [one, two]);
    expect((await getIncident(house.store, one.id)).state).toBe('assigned');
    await cancelIncident(house.store, house.actors.supervisor, { id: one.id, reason: 'ya no está' });
    expect(await getIncident(house.store, one.id)).toMatchObject({ state: 'cancelled', routeId: null });
    expect((await getIncident(house.store, two.id)).state).toBe('assigned');
    const [stop] = await house.database.db.select().from(stops).where(eq(stops.id, incidentStopIds[0]!));
    expect(stop).toMatchObject({ routeId: null, state: 'failed' });
    const plan = await house.call('plans.current', undefined, house.tokens.operator, 'query');
    const view = plan.data as { version: number; routes: { stops: { id: number }[] }[] };
    expect(view.version).toBe(version + 1);
    expect(view.routes.flatMap((route) => route.stops).map(({ id }) => id)).not.toContain(incidentStopIds[0]);
  });
});

describe('completing', () => {
  it('is only for what is assigned, and its stop is done with it', async () => {
    const incident = await validatedIncident(house);
    const complete = () =>
      completeIncident(house.store, house.actors.supervisor, {
        id: incident.id,
        outcome: 'un vecino lo retiró',
      });
    expect(await reasonOf(complete())).toBe('invalid-transition');
    const truck = await buyTruck(house);
    const { incidentStopIds } = await planRoute(house, truck.id, [incident]);
    expect(await reasonOf(completeIncident(house.store, house.actors.operator, { id: incident.id }))).toBe(
      'wrong-role',
    );
    expect(await complete()).toMatchObject({ state: 'completed', outcome: 'un vecino lo retiró' });
    const [stop] = await house.database.db.select().from(stops).where(eq(stops.id, incidentStopIds[0]!));
    expect(stop!.state).toBe('done');
    // The truck has not set out: nothing came aboard.
    expect((await truckView(house.database.db, truck.id)).loadAboard).toBe(0);
  });
});

describe('following by code', () => {
  it('tells states and instants and no person', async () => {
    const receipt = await reportIncident(house.store, CITIZEN, {
      type: 'zona_critica',
      lat: -0.972,
      lon: -78.59,
      description: 'frente a mi casa, soy Rosa',
    });
    house.clock.nowMs += 60_000;
    await validateIncident(house.store, house.actors.operator, receipt.id);
    const typed = `${receipt.code.slice(0, 5).toLowerCase()}-${receipt.code.slice(5)}`;
    const tracked = await trackIncident(house.store, typed);
    expect(tracked.history.map(({ state }) => state)).toEqual(['pending', 'validated']);
    expect(Date.parse(tracked.history[1]!.at) - Date.parse(tracked.history[0]!.at)).toBe(60_000);
    expect(Object.keys(tracked).sort()).toEqual(['arrival', 'code', 'history', 'state', 'type', 'windowEnd']);
    expect(await reasonOf(trackIncident(house.store, 'NOSUCHCODE'))).toBe('not-found');
  });
});

describe('the list', () => {
  it('continues behind its cursor without loss or repetition, whatever arrives meanwhile', async () => {
    const all = (await listIncidents(house.store, { limit: 500 })).items.map(({ id }) => id);
    const seen: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await listIncidents(house.store, { limit: 3, cursor });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
      await validatedIncident(house, 'acopio');
    } while (cursor !== undefined);
    expect(seen).toEqual(all);
  });

  it('filters', async () => {
    const { items } = await listIncidents(house.store, { state: ['pending', 'cancelled'], zone: 'oriental' });
    expect(items.length).toBeGreaterThan(0);
    expect(items.every((item) => ['pending', 'cancelled'].includes(item.state))).toBe(true);
    expect(items.every((item) => item.zone === 'oriental')).toBe(true);
    expect(await reasonOf(listIncidents(house.store, { cursor: "1' or 1=1" }))).toBe('invalid-input');
  });
});

describe('rules', () => {
  it('judge a report by the version in force', async () => {
    const rules = { ...DEFAULT_RULES, severityByType: { ...DEFAULT_RULES.severityByType, acopio: 2 } };
    const before = await reportIncident(house.store, CITIZEN, { type: 'acopio', lat: -0.98, lon: -78.6 });
    const { version } = await updateRules(house.store, house.actors.admin, { rules });
    const after = await reportIncident(house.store, CITIZEN, { type: 'acopio', lat: -0.981, lon: -78.6 });
    expect([before.severity, after.severity]).toEqual([1, 2]);
    const [row] = await house.database.db.select().from(incidents).where(eq(incidents.id, after.id));
    expect(row!.rulesVersion).toBe(version);
    expect(await reasonOf(updateRules(house.store, house.actors.admin, { rules, baseVersion: 1 }))).toBe(
      'stale-version',
    );
    const threshold = (await zonesStatus(house.store)).map((zone) => zone.threshold);
    expect(threshold).toEqual([20, 20]);
  });
});
