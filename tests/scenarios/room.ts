import type { Actor } from '../../shared/actor.ts';
import { distanceM } from '../../shared/geo.ts';
import type { TruckType } from '../../shared/fleet.ts';
import type { IncidentType } from '../../shared/incident.ts';
import type { PlanView, RouteView, StopView } from '../../shared/plan.ts';
import type { Zone } from '../../shared/rules.ts';
import { insertUser } from '../../server/access/create-user.ts';
import { currentPlan } from '../../server/dispatch/current-plan.ts';
import type { Dispatch } from '../../server/dispatch/dispatch.ts';
import { startReactor, type Reactor } from '../../server/dispatch/react.ts';
import { openProposals } from '../../server/dispatch/proposals.ts';
import { createLocalBus } from '../../server/events/bus.ts';
import { commit, type Store } from '../../server/events/store.ts';
import { createContainer } from '../../server/fleet/create-container.ts';
import { createDriver } from '../../server/fleet/create-driver.ts';
import { createTruck } from '../../server/fleet/create-truck.ts';
import { createAssignment } from '../../server/fleet/assignment-create.ts';
import { startAssignment } from '../../server/fleet/assignment-start.ts';
import { getIncident } from '../../server/incidents/get.ts';
import { reportIncident } from '../../server/incidents/report.ts';
import { validateIncident } from '../../server/incidents/validate.ts';
import { solve } from '../../server/planning/index.ts';
import type { Roads } from '../../server/roads/roads.ts';
import { openTestDatabase } from '../database/open.ts';

const EAST = -78.6;
const WEST = -78.63;

/** Streets without corners: straight lines at 25 km/h, so that a scenario's arithmetic can be followed by hand. */
export function straightRoads(): Roads {
  const seconds = (metres: number) => metres / (25 / 3.6);
  const metres = (a: readonly [number, number], b: readonly [number, number]) =>
    distanceM({ lon: a[0], lat: a[1] }, { lon: b[0], lat: b[1] });
  return {
    async table(points, { sources, destinations } = {}) {
      const from = sources?.map((index) => points[index]!) ?? points;
      const to = destinations?.map((index) => points[index]!) ?? points;
      const distancesM = from.map((a) => to.map((b) => Math.round(metres(a, b))));
      return {
        distancesM,
        durationsS: distancesM.map((row) => row.map((m) => Math.round(seconds(m)))),
        degraded: false,
      };
    },
    async route(points) {
      const legs = points.slice(1).map((to, index) => {
        const distance = metres(points[index]!, to);
        return { distanceM: distance, durationS: seconds(distance), geometry: [points[index]!, to] };
      });
      return {
        legs,
        geometry: [...points],
        distanceM: legs.reduce((sum, leg) => sum + leg.distanceM, 0),
        durationS: legs.reduce((sum, leg) => sum + leg.durationS, 0),
        degraded: false,
      };
    },
    async nearest(point) {
      return { lon: point[0], lat: point[1], distanceM: 0, name: '' };
    },
    async match() {
      throw new Error('scenarios match no traces');
    },
    async setClosures() {},
    state: () => ({ engine: 'embedded', status: 'ok' }),
    async close() {},
  };
}

/** A control room on a real database with a clock the scenario turns, for tests that read like a shift's log. */
export async function openRoom() {
  const database = await openTestDatabase();
  let nowMs = Date.parse('2026-11-24T13:00:00Z');
  const store: Store = { database, clock: () => nowMs, bus: createLocalBus() };
  const admin = await person(store, 'jefa', 'admin');
  const supervisor: Actor = { ...admin, username: 'sup', role: 'supervisor' };
  const positions = new Map<number, { lat: number; lon: number }>();
  const dispatch: Dispatch = {
    store,
    roads: straightRoads(),
    planner: {
      solve: async (problem, options) =>
        solve(problem, { seed: options.seed, iterations: options.iterations ?? 1_500, now: () => 0 }),
    },
    positionOf: (truckId) => positions.get(truckId) ?? null,
    budget: { iterations: 1_500 },
    seed: 1,
  };
  const problems: unknown[] = [];
  const reactors: Reactor[] = [];
  let made = 0;

  return {
    database,
    store,
    dispatch,
    admin,
    supervisor,
    positions,
    problems,
    now: () => nowMs,
    /** This house's dispatch, where something happens just before its n-th look at the database, counted from 1. */
    interrupted(at: number, happens: () => Promise<unknown>): Dispatch {
      let looks = 0;
      const held = new Proxy(database.db, {
        get(target, key) {
          const value: unknown = Reflect.get(target, key);
          if (typeof value !== 'function') return value;
          const method = value.bind(target) as (...args: unknown[]) => unknown;
          if (key !== 'transaction' && key !== 'execute') return method;
          return async (...args: unknown[]) => {
            if (++looks === at) await happens();
            return method(...args);
          };
        },
      });
      return { ...dispatch, store: { ...store, database: { ...database, db: held } } };
    },
    later(minutes: number) {
      nowMs += minutes * 60_000;
    },
    /** Dispatch begins to act on its own; `settled` waits until it has weighed everything. */
    async onDuty(): Promise<Reactor> {
      // One dispatcher at a time: two would answer for each other's work.
      if (reactors[0] !== undefined) {
        await reactors[0].settled();
        return reactors[0];
      }
      const reactor = startReactor(
        dispatch,
        'test',
        { info: () => undefined, error: (about) => problems.push(about) },
        3_600_000,
      );
      reactors.push(reactor);
      await reactor.settled();
      return reactor;
    },
    async truck(type: TruckType, zone: Zone | null = 'oriental'): Promise<number> {
      const plate = `XBA-${String(1000 + ++made)}`;
      return (await createTruck(store, admin, { plate, type, zone })).id;
    },
    async driver(): Promise<number> {
      const number = ++made;
      const driver = await createDriver(store, admin, {
        name: `Conductor ${number}`,
        username: `chofer${number}`,
        password: 'una-clave-larga',
        cedula: cedulaNumber(number),
        licence: 'E',
      });
      return driver.id;
    },
    /** A citizen's report at a street number of the east or west side: 100 numbers are about a kilometre. */
    async reported(type: IncidentType, number: number, zone: Zone = 'oriental'): Promise<number> {
      const place = { lat: -0.93 - number * 0.0001, lon: zone === 'oriental' ? EAST : WEST };
      return (await reportIncident(store, { kind: 'citizen' }, { type, ...place })).id;
    },
    async validated(type: IncidentType, number: number, zone: Zone = 'oriental'): Promise<number> {
      const id = await this.reported(type, number, zone);
      await validateIncident(store, admin, id);
      return id;
    },
    container(number: number) {
      return createContainer(store, admin, { code: `C-${number}`, lat: -0.93 - number * 0.0001, lon: EAST });
    },
    incident: (id: number) => getIncident(store, id),
    plan: (): Promise<PlanView> => currentPlan(store, supervisor),
    proposals: () => openProposals(database),
    /** The route gets a driver who sets out. */
    async setOut(routeId: number): Promise<number> {
      const assignment = await createAssignment(store, supervisor, {
        routeId,
        driverId: await this.driver(),
      });
      await startAssignment(store, supervisor, assignment.id);
      return assignment.id;
    },
    async close() {
      for (const reactor of reactors) await reactor.stop();
      await database.drop();
    },
  };
}

export type Room = Awaited<ReturnType<typeof openRoom>>;

/** The stops of a route that are work, in order. */
export function work(route: RouteView): StopView[] {
  return route.stops.filter((stop) => stop.kind === 'incident' || stop.kind === 'container');
}

async function person(store: Store, username: string, role: 'admin') {
  const row = await commit(store, { kind: 'system' }, (tx, emit) =>
    insertUser(tx, emit, { username, passwordHash: 'not-a-hash', role }),
  );
  return { kind: 'user', id: row.id, role, username } as const;
}

/** A cédula with a right check digit for each number. */
export function cedulaNumber(number: number): string {
  const head = `050${String(number).padStart(6, '0')}`;
  let sum = 0;
  [...head].forEach((char, index) => {
    const doubled = index % 2 === 0 ? Number(char) * 2 : Number(char);
    sum += doubled > 9 ? doubled - 9 : doubled;
  });
  return `${head}${(10 - (sum % 10)) % 10}`;
}
