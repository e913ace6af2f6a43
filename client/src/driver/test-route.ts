/** Small routes for the tests of this folder. */
import type { PlanView, RouteView, StopView } from '../../../shared/plan.ts';

const AT = '2026-11-24T15:00:00.000Z';

export const stopOf = (id: number, values: Partial<StopView> = {}): StopView => ({
  id,
  kind: 'incident',
  lat: -0.935,
  lon: -78.615,
  state: 'planned',
  eta: AT,
  etaEarliest: AT,
  etaLatest: AT,
  load: 1,
  loadAfter: 1,
  serviceS: 600,
  departedAt: null,
  finishedAt: null,
  failReason: null,
  address: null,
  ...values,
});

export const routeOf = (stops: StopView[], values: Partial<RouteView> = {}): RouteView => ({
  id: 1,
  zone: 'oriental',
  truckId: 1,
  plate: 'XBA-1042',
  driverId: 1,
  driverName: null,
  assignmentId: 1,
  state: 'planned',
  distance: 0,
  duration: 0,
  startAt: AT,
  startedAt: null,
  finishedAt: null,
  capacity: 25,
  loadAboard: 0,
  geometry: { type: 'LineString', coordinates: [] },
  stops,
  ...values,
});

export const planOf = (routes: RouteView[], version = 1): PlanView => ({ version, degraded: false, routes });
