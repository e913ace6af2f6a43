import { describe, expect, it } from 'vitest';
import type { TruckView } from '../../../shared/fleet.ts';
import type { IncidentView } from '../../../shared/incident.ts';
import type { PlanView, RouteView, StopView } from '../../../shared/plan.ts';
import type { LiveTruck } from '../../../shared/telemetry.ts';
import { nextStop, numberAtPlace, roomIncidents, roomNumbers, roomTrucks, stopLook } from './room-view.ts';

const NOW = Date.parse('2026-11-24T15:00:00Z');
const iso = (minute: number) => new Date(NOW + minute * 60_000).toISOString();
const PLACES = { depot: { lat: -0.936, lon: -78.613 }, landfill: { lat: -0.949, lon: -78.663 } };

const stop = (id: number, change: Partial<StopView> = {}): StopView => ({
  id,
  kind: 'incident',
  lat: -0.93,
  lon: -78.61,
  state: 'planned',
  eta: iso(id * 10),
  etaEarliest: iso(id * 10 - 2),
  etaLatest: iso(id * 10 + 4),
  load: 1,
  loadAfter: 1,
  serviceS: 600,
  departedAt: null,
  finishedAt: null,
  failReason: null,
  address: null,
  ...change,
});
const route = (change: Partial<RouteView>): RouteView => ({
  id: 1,
  zone: 'oriental',
  truckId: 1,
  plate: 'XBA-1042',
  driverId: null,
  driverName: null,
  assignmentId: null,
  state: 'running',
  distance: 0,
  duration: 0,
  startAt: iso(-60),
  startedAt: iso(-60),
  finishedAt: null,
  capacity: 25,
  loadAboard: 7,
  geometry: { type: 'LineString', coordinates: [] },
  stops: [],
  ...change,
});
const plan = (...routes: RouteView[]): PlanView => ({ version: 3, degraded: false, routes });
const truck = (id: number, change: Partial<TruckView> = {}): TruckView => ({
  id,
  plate: `XBA-10${40 + id}`,
  type: 'posterior',
  state: 'available',
  capacity: 25,
  loadAboard: 0,
  zone: null,
  planning: 'open',
  shiftS: null,
  overtimeMaxS: null,
  outSince: null,
  routeId: null,
  driverName: null,
  devices: [],
  ...change,
});
const incident = (id: number, change: Partial<IncidentView> = {}): IncidentView => ({
  id,
  code: `C${id}`,
  type: 'zona_critica',
  severity: 3,
  zone: 'oriental',
  state: 'validated',
  lat: -0.93,
  lon: -78.61,
  address: null,
  description: null,
  photoIds: [],
  reportedAt: iso(-30),
  windowStart: iso(-30),
  windowEnd: iso(200),
  validatedAt: null,
  closedAt: null,
  cancelReason: null,
  outcome: null,
  reports: 1,
  routeId: null,
  stopId: null,
  ...change,
});
const at = (truckId: number, ageMs = 1_000): LiveTruck => ({
  truckId,
  lat: -0.93,
  lon: -78.6,
  heading: 90,
  speed: 5,
  t: NOW - ageMs,
  state: 'moving',
});

describe('trucks of the room', () => {
  const trucks = [truck(1), truck(2), truck(3, { state: 'retired' }), truck(4, { state: 'out' })];
  const running = route({ truckId: 2, stops: [stop(1)] });
  const room = roomTrucks(trucks, plan(running), new Map([[2, at(2)]]), PLACES, NOW);

  it('leaves retired ones out and puts those with work first, in a steady order', () => {
    expect(room.map((item) => item.id)).toEqual([2, 1, 4]);
  });

  it('takes load and driver from the live route', () => {
    expect(room[0]).toMatchObject({ load: 7, mode: 'driving', label: '1042', route: { id: 1 } });
  });

  it('prefers the running route of a truck that also has the next one planned', () => {
    const [first] = roomTrucks(
      [truck(2)],
      plan(route({ id: 8, truckId: 2, state: 'planned' }), { ...running, id: 9 }),
      new Map(),
      PLACES,
      NOW,
    );
    expect(first?.route?.id).toBe(9);
  });
});

describe('incidents of the room', () => {
  const planned = plan(
    route({
      stops: [
        stop(1, { incidentId: 1, windowEnd: iso(11), keep: 0.52 }),
        stop(2, { incidentId: 2, windowEnd: iso(300) }),
      ],
    }),
  );
  const list = roomIncidents(
    [
      incident(1, { state: 'assigned', windowEnd: iso(11) }),
      incident(2, { state: 'assigned', windowEnd: iso(300) }),
      incident(3, { state: 'pending', windowEnd: iso(20) }),
      incident(4, { windowEnd: iso(40) }),
      incident(5, { windowEnd: iso(-5) }),
      incident(6, { state: 'completed' }),
    ],
    planned,
    NOW,
  );
  const byId = new Map(list.map((item) => [item.view.id, item]));

  it('are sorted by time left, without the closed ones', () => {
    expect(list.map((item) => item.view.id)).toEqual([5, 1, 3, 4, 2]);
  });

  it('take the probability the server gives, and colour by it', () => {
    expect(byId.get(1)).toMatchObject({ probability: 0.52, tone: 'crit', stopNumber: 1 });
    expect(byId.get(2)?.tone).toBe('neutral');
  });

  it('stay grey while nobody decided, turn amber when nobody comes and time runs out', () => {
    expect(byId.get(3)).toMatchObject({ tone: 'neutral', probability: null });
    expect(byId.get(4)?.tone).toBe('risk');
    expect(byId.get(5)?.tone).toBe('crit');
  });

  it('count as promises only once validated', () => {
    const numbers = roomNumbers([], list, planned);
    expect(numbers.promises).toEqual({ atRisk: 3, critical: true, kept: 1, total: 4 });
    expect(numbers.pending).toBe(1);
  });
});

describe('stops', () => {
  it('the next is the one under way, else the first planned', () => {
    const stops = [stop(1, { state: 'done' }), stop(2), stop(3, { state: 'enroute' })];
    expect(nextStop(route({ stops }))?.id).toBe(3);
    expect(nextStop(route({ stops: stops.slice(0, 2) }))?.id).toBe(2);
    expect(nextStop(route({ stops: stops.slice(0, 1) }))).toBeNull();
  });

  it.each([
    ['done', stop(1, { state: 'done' }), false, 'done'],
    ['failed', stop(1, { state: 'failed' }), false, 'failed'],
    ['next', stop(1), true, 'next'],
    ['no window', stop(1), false, 'planned'],
    ['late', stop(1, { windowEnd: iso(5) }), false, 'late'],
    ['at risk', stop(1, { windowEnd: iso(12), keep: 0.7 }), false, 'risk'],
    ['kept', stop(1, { windowEnd: iso(90) }), false, 'planned'],
  ] as const)('%s', (_, item, isNext, look) => expect(stopLook(item, isNext)).toBe(look));
});

describe('the number a stop would have at a place among those to be done', () => {
  const stops = [
    stop(1, { state: 'done' }),
    stop(2, { state: 'failed' }),
    stop(3, { state: 'enroute' }),
    stop(4),
    stop(5, { kind: 'disposal' }),
    stop(6),
  ];
  it('counts on from what the board shows, done ones too', () => {
    expect(numberAtPlace(stops, 1)).toBe(3);
    expect(numberAtPlace(stops, 3)).toBe(5);
  });
  it('begins again after the landfill', () => {
    expect(numberAtPlace(stops, 4)).toBe(2);
  });
  it('is the one it has where it stays where it is', () => {
    expect(numberAtPlace(stops, 2, 4)).toBe(4);
  });
  it('is the first of an empty round, and goes on where all is done', () => {
    expect(numberAtPlace([], 1)).toBe(1);
    expect(numberAtPlace(stops.slice(0, 2), 1)).toBe(3);
  });
});
