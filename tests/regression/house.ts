import type { FastifyInstance } from 'fastify';
import { SYSTEM, type Actor, type Role } from '../../shared/actor.ts';
import type { IncidentType } from '../../shared/incident.ts';
import { EMPTY_DIFF, type PlannedStop, type StopKind } from '../../shared/plan.ts';
import { encodePolyline } from '../../shared/polyline.ts';
import type { TruckType } from '../../shared/fleet.ts';
import { createUser } from '../../server/access/create-user.ts';
import { createLocalLimiter } from '../../server/access/limiter.ts';
import { authenticateSession, openSession } from '../../server/access/sessions.ts';
import { buildHttp } from '../../server/api/http.ts';
import type { Services } from '../../server/api/services.ts';
import type { UserActor } from '../../server/api/trpc.ts';
import { loadConfig } from '../../server/config.ts';
import { routes, stops } from '../../server/db/schema/index.ts';
import { lockPlan, makeCurrent } from '../../server/dispatch/make-current.ts';
import { createLocalBus } from '../../server/events/bus.ts';
import { commit, type Store } from '../../server/events/store.ts';
import { createDriver } from '../../server/fleet/create-driver.ts';
import { createTruck } from '../../server/fleet/create-truck.ts';
import { reportIncident } from '../../server/incidents/report.ts';
import { validateIncident } from '../../server/incidents/validate.ts';
import { silentLog } from '../../server/ops/log.ts';
import { openTestDatabase, type TestDatabase } from '../database/open.ts';

export const PASSWORD = 'a long enough password';
const START_MS = Date.parse('2026-03-02T13:00:00Z');
/** Valid cédulas, for as many drivers as a test needs. */
const CEDULAS = ['1710034065', '0502345671', '0501234561', '1712345675'];

export interface Answer {
  status: number;
  /** What a procedure answered; undefined when it refused. */
  data: unknown;
  error:
    { message: string; data: { code: string; reason: string; detail: Record<string, unknown> } } | undefined;
  headers: Record<string, unknown>;
}

/** A whole server of a test's own, without the world outside: a database, a clock to turn, an HTTP server to ask. */
export interface House {
  database: TestDatabase;
  store: Store;
  services: Services;
  http: FastifyInstance;
  clock: { nowMs: number };
  actors: Record<Exclude<Role, 'driver'>, UserActor>;
  tokens: Record<Exclude<Role, 'driver'>, string>;
  /** Calls a procedure as a screen would. `as` is a token; null is nobody. */
  call(name: string, input: unknown, as: string | null, kind?: 'query' | 'mutation'): Promise<Answer>;
  close(): Promise<void>;
}

export async function openHouse(extra: Partial<Services> = {}): Promise<House> {
  const database = await openTestDatabase();
  const clock = { nowMs: START_MS };
  const store: Store = { database, clock: () => clock.nowMs, bus: createLocalBus() };
  const services: Services = {
    store,
    config: loadConfig({ DATA_DIR: `/tmp/epagal-house-${process.pid}` }, { mode: 'test' }),
    log: silentLog(),
    limiter: createLocalLimiter(store.clock),
    probes: {},
    release: '0.0.0-test',
    ...extra,
  };
  const http = buildHttp(services);
  await http.ready();
  const roles = ['admin', 'supervisor', 'operator', 'citizen'] as const;
  const signedIn = await Promise.all(
    roles.map(async (role) => {
      const user = await createUser(store, SYSTEM, { username: `the-${role}`, password: PASSWORD, role });
      return [role, await signIn(store, user)] as const;
    }),
  );
  const of = <T>(pick: (session: { actor: UserActor; token: string }) => T) =>
    Object.fromEntries(signedIn.map(([role, session]) => [role, pick(session)])) as Record<
      (typeof roles)[number],
      T
    >;
  return {
    database,
    store,
    services,
    http,
    clock,
    actors: of(({ actor }) => actor),
    tokens: of(({ token }) => token),
    async call(name, input, as, kind = 'mutation') {
      const response = await http.inject({
        method: kind === 'query' ? 'GET' : 'POST',
        url:
          kind === 'query' && input !== undefined
            ? `/trpc/${name}?input=${encodeURIComponent(JSON.stringify(input))}`
            : `/trpc/${name}`,
        headers: {
          ...(as === null ? {} : { authorization: `Bearer ${as}` }),
          ...(kind === 'mutation' ? { 'content-type': 'application/json' } : {}),
        },
        ...(kind === 'mutation' && input !== undefined ? { payload: JSON.stringify(input) } : {}),
      });
      const body = response.json() as { result?: { data: unknown }; error?: Answer['error'] };
      return {
        status: response.statusCode,
        data: body.result?.data,
        error: body.error,
        headers: response.headers,
      };
    },
    async close() {
      await http.close();
      await database.drop();
    },
  };
}

async function signIn(store: Store, user: { id: number; role: Role }) {
  const { token } = await openSession(store.database, user);
  const session = await authenticateSession(store.database, token);
  return { actor: session!.actor, token };
}

/** A driver with a signed-in phone. `n` tells drivers apart. */
export async function hireDriver(house: House, n = 0) {
  const driver = await createDriver(house.store, SYSTEM, {
    name: `Driver ${n}`,
    cedula: CEDULAS[n]!,
    licence: 'C',
    username: `driver-${n}`,
    password: PASSWORD,
  });
  return { driver, ...(await signIn(house.store, { id: driver.userId, role: 'driver' })) };
}

let plates = 100;

export function buyTruck(house: House, type: TruckType = 'posterior') {
  return createTruck(house.store, SYSTEM, { plate: `TST-${plates++}`, type });
}

/** Places far enough apart that no report joins another. */
let places = 0;

export async function validatedIncident(house: House, type: IncidentType = 'zona_critica') {
  const place = { lat: -0.9 - (places % 50) * 0.001, lon: -78.6 + Math.floor(places / 50) * 0.001 };
  places += 1;
  const { id } = await reportIncident(house.store, SYSTEM, { type, ...place });
  return validateIncident(house.store, SYSTEM, id);
}

/** A route of the current plan: depot, one stop an incident, landfill, depot. */
export async function planRoute(
  house: House,
  truckId: number,
  incidents: readonly { id: number; lat: number; lon: number; severity: number }[],
): Promise<{ routeId: number; stopIds: number[]; incidentStopIds: number[]; version: number }> {
  const { store } = house;
  return commit(store, SYSTEM satisfies Actor, async (tx, emit) => {
    const [route] = await tx.insert(routes).values({ zone: 'oriental', truckId }).returning();
    const depot = { lat: -0.936, lon: -78.613 };
    const wanted: { kind: StopKind; lat: number; lon: number; incidentId?: number; load: number }[] = [
      { kind: 'depot', ...depot, load: 0 },
      ...incidents.map(({ id, lat, lon, severity }) => ({
        kind: 'incident' as const,
        incidentId: id,
        lat,
        lon,
        load: severity,
      })),
      { kind: 'disposal', lat: -0.949, lon: -78.663, load: 0 },
      { kind: 'depot', ...depot, load: 0 },
    ];
    const rows = await tx
      .insert(stops)
      .values(wanted.map((stop) => ({ ...stop, serviceS: 600 })))
      .returning();
    const at = (minutes: number) => new Date(store.clock() + minutes * 60_000).toISOString();
    const planned: PlannedStop[] = rows.map((row, index) => ({
      stopId: row.id,
      arrival: at(10 * index),
      departure: at(10 * index + 10),
      legS: 0,
      legM: 0,
      serviceS: 600,
      loadAfter: 0,
      leg: encodePolyline([
        [row.lon, row.lat],
        [row.lon, row.lat],
      ]),
    }));
    const current = await lockPlan(tx);
    const version = await makeCurrent(
      tx,
      emit,
      SYSTEM,
      current,
      {
        kind: 'first-route',
        reason: 'test',
        routes: [
          {
            routeId: route!.id,
            truckId,
            zone: 'oriental',
            startAt: at(0),
            distanceM: 1_000,
            durationS: 3_600,
            stops: planned,
          },
        ],
        diff: EMPTY_DIFF,
      },
      store.clock(),
    );
    return {
      routeId: route!.id,
      stopIds: rows.map((row) => row.id),
      incidentStopIds: rows.filter((row) => row.kind === 'incident').map((row) => row.id),
      version,
    };
  });
}
