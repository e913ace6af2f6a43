import { describe, expect, it } from 'vitest';
import type { PlanView, ProposalView, StopView } from '../../../shared/plan.ts';
import type { RoomIncident, RoomTruck } from '../live/room-view.ts';
import { leftWithoutTruck, proposalPicture, type PromisedChange } from './proposal-picture.ts';
import { moveSentence, reasonSentence } from './sentences.ts';

const NOW = Date.parse('2026-11-24T15:00:00Z');
const iso = (minute: number) => new Date(NOW + minute * 60_000).toISOString();
const stop = (id: number, minute: number, incidentId?: number) =>
  ({
    id,
    kind: incidentId === undefined ? 'container' : 'incident',
    ...(incidentId === undefined ? {} : { incidentId }),
    state: 'planned',
    lat: -0.93,
    lon: -78.61,
    eta: iso(minute),
    etaEarliest: iso(minute - 2),
    etaLatest: iso(minute + 4),
    serviceS: 600,
  }) as StopView;
const line = {
  type: 'LineString',
  coordinates: [
    [-78.61, -0.93],
    [-78.6, -0.93],
  ],
} as const;
const route = (id: number, truckId: number, stops: StopView[]) => ({
  id,
  zone: 'oriental',
  truckId,
  state: 'running',
  stops,
  geometry: line,
});
const plan = {
  version: 5,
  routes: [
    route(1, 1, [stop(11, 30, 7), stop(12, 50), stop(13, 60)]),
    route(2, 2, [stop(21, 20)]),
    route(3, 3, []),
  ],
} as unknown as PlanView;
const truck = (id: number, label: string, mode: RoomTruck['mode']) =>
  ({ id, label, plate: `XBA-${label}`, mode, route: null, position: null }) as unknown as RoomTruck;
const trucks = [truck(1, '0218', 'broken'), truck(2, '0331', 'driving'), truck(3, '1057', 'driving')];
const incident = {
  view: { id: 7, state: 'assigned', windowEnd: iso(60) },
  route: { truckId: 1 },
  stop: { id: 11 },
  probability: 0.97,
  tone: 'neutral',
} as unknown as RoomIncident;
const moved = (stopId: number, change: object = {}) => ({
  stopId,
  fromRouteId: 1,
  toRouteId: 2,
  fromTruckId: 1,
  toTruckId: 2,
  reason: 'truck-out',
  seconds: 300,
  metres: 700,
  ...change,
});
const proposal = {
  id: 118,
  diff: {
    moved: [moved(11, { incidentId: 7 }), moved(12), moved(13)],
    later: [],
    cost: { seconds: 900, metres: 2_100 },
    unassigned: [],
  },
  routes: [
    {
      routeId: 2,
      truckId: 2,
      geometry: line,
      stops: [21, 11, 12, 13].map((stopId, index) => ({
        stopId,
        kind: 'incident',
        incidentId: stopId === 11 ? 7 : null,
        lat: -0.93,
        lon: -78.61,
        eta: iso(20 + index * 12),
      })),
    },
  ],
} as unknown as ProposalView;

describe('a proposal as it is shown', () => {
  const picture = proposalPicture(proposal, { plan, trucks, incidents: [incident] }, 'both');

  it('tells what goes the same way for the same reason in one sentence, and each promise alone', () => {
    expect(picture.moves.map((move) => move.numbers)).toEqual([[1], [2, 3]]);
    expect(picture.moves[1]).toMatchObject({ seconds: 600, metres: 1_400 });
  });

  it('does not believe the timetable of a broken truck', () => {
    expect(picture.moves[0]?.before).toBeLessThan(0.1);
    expect(picture.moves[0]?.after).toBeGreaterThan(0.9);
    expect(picture).toMatchObject({ keptBefore: 0, keptAfter: 1, promised: 1 });
  });

  it('counts the promises of the part that is wanted, not of the whole', () => {
    const shown = (part: PromisedChange) =>
      proposalPicture(proposal, { plan, trucks, incidents: [incident] }, 'both', { part });
    const [route] = proposal.routes;
    const only = (stopIds: number[]): PromisedChange => ({
      diff: { unassigned: [] },
      routes: [{ stops: route!.stops.filter(({ stopId }) => stopIds.includes(stopId)) }],
    });
    // Without the stop that has a promise: it stays with a truck that is out, whatever that one's timetable says.
    const without = shown(only([21, 12, 13]));
    expect(without).toMatchObject({ keptBefore: 0, keptAfter: 0, promised: 1, promises: [] });
    // The sentence of the move tells what the move would do.
    expect(without.moves[0]?.after).toBeGreaterThan(0.9);
    expect(shown(only([21, 11]))).toMatchObject({ keptAfter: 1 });
    const late = only([21]);
    const [first] = late.routes;
    const arrivesLate = {
      ...late,
      routes: [{ stops: [...first!.stops, { stopId: 11, incidentId: 7, eta: iso(10 * 60) }] }],
    };
    expect(shown(arrivesLate)).toMatchObject({ keptAfter: 0 });
    expect(
      shown({ ...only([11]), diff: { unassigned: [{ incidentId: 7, reason: 'no-room' }] } }),
    ).toMatchObject({
      keptAfter: 0,
    });
  });

  it('counts as left without a truck what nobody serves: containers too, and what stays with a broken truck', () => {
    const left = (...changed: object[]) =>
      leftWithoutTruck({ moved: changed as ProposalView['diff']['moved'], unassigned: [] }, 'oriental', {
        plan,
        trucks,
      });
    expect(left(moved(11), moved(12), moved(13))).toBe(0);
    // Two stay with the truck that is out; one of another truck gives way and leaves the plan.
    expect(left(moved(11), moved(21, { toRouteId: null, toTruckId: null, reason: 'dropped' }))).toBe(3);
    // What was cancelled needs no truck.
    expect(
      left(moved(11), moved(12), moved(13, { toRouteId: null, toTruckId: null, reason: 'cancelled' })),
    ).toBe(0);
    expect(
      leftWithoutTruck({ ...proposal.diff, unassigned: [{ incidentId: 9, reason: 'no-room' }] }, 'oriental', {
        plan,
        trucks,
      }),
    ).toBe(1);
    // A truck that is out in the other zone is nothing this proposal could have shared out.
    expect(leftWithoutTruck({ moved: [], unassigned: [] }, 'occidental', { plan, trucks })).toBe(0);
  });

  it('says that nothing changes where a proposal moves nothing and keeps the order', () => {
    const same = (stopIds: number[], truckId: number) =>
      ({
        ...proposal,
        diff: { ...proposal.diff, moved: [] },
        routes: [
          { ...proposal.routes[0], routeId: 1, truckId, stops: stopIds.map((stopId) => ({ stopId })) },
        ],
      }) as unknown as ProposalView;
    const show = (stopIds: number[], truckId = 3) =>
      proposalPicture(same(stopIds, truckId), { plan, trucks, incidents: [incident] }, 'both');
    expect(show([11, 12, 13]).isEmpty).toBe(true);
    expect(show([11, 12, 13]).rows[0]?.shifts).toBe(false);
    expect(show([12, 11, 13]).isEmpty).toBe(false);
    // What a broken truck keeps is no order it drives.
    expect(show([13], 1).isEmpty).toBe(true);
    expect(picture.isEmpty).toBe(false);
  });

  it('has a row for who gives and who receives, givers first; the rest is counted', () => {
    expect(picture.rows.map((row) => [row.truck.label, row.gives, row.receives])).toEqual([
      ['0218', 3, 0],
      ['0331', 0, 3],
    ]);
    expect(picture.untouched).toBe(2);
  });

  it('offers a draft also the trucks that stand idle, none that is out or kept out', () => {
    const more = (id: number, change: object) =>
      ({
        ...trucks[1]!,
        id,
        label: `0${id}`,
        route: null,
        mode: 'depot',
        planning: 'open',
        ...change,
      }) as RoomTruck;
    const room = [
      ...trucks,
      more(501, {}),
      more(502, { mode: 'broken' }),
      more(503, { planning: 'excluded' }),
      more(504, { route: { ...route(900, 504, []), state: 'done' } }),
    ];
    const wide = proposalPicture(proposal, { plan, trucks: room, incidents: [incident] }, 'both', {
      wide: true,
    });
    const ids = wide.rows.map((row) => row.truck.id);
    expect(ids).toEqual(expect.arrayContaining([501, 504]));
    expect(ids).not.toContain(502);
    expect(ids).not.toContain(503);
    expect(wide.rows.find((row) => row.truck.id === 501)).toMatchObject({ after: [], stopIds: [] });
  });

  it('draws one line for each receiving truck, and the stops that move with their old number', () => {
    expect(picture.afterLines.map((item) => item.truckId)).toEqual([2]);
    expect(picture.movedStops.map((item) => item.number)).toEqual([1, 2, 3]);
  });

  it('says it in words', () => {
    const t = (key: string, named: Record<string, unknown> = {}) => `${key}(${Object.values(named).join()})`;
    expect(moveSentence(picture.moves[1]!, t)).toEqual({
      what: 'planning.sentence.stops(planning.sentence.list(2,3))',
      rest: 'planning.sentence.goes(0218)',
      to: '0331',
    });
    expect(reasonSentence('truck-out', t)).toBe('planning.reason.truck-out()');
    expect(reasonSentence('something-else:4', t)).toBe('');
  });
});
