import type { PlanView, PlannedRoute, RouteView, StopView } from '../../shared/plan.ts';
import type { Zone } from '../../shared/rules.ts';
import { projectArrivals } from './arrivals.ts';
import { geometryOf } from './proposals.ts';
import type { RouteRow, Snapshot } from './snapshot.ts';

/** The current plan as screens see it: states as they are, arrivals as they are expected now. Pure. */
export function viewPlan(snapshot: Snapshot, zone?: Zone): PlanView {
  return {
    version: snapshot.version,
    degraded: snapshot.document.degraded,
    routes: snapshot.document.routes
      .filter((route) => zone === undefined || route.zone === zone)
      .flatMap((planned) => {
        const route = snapshot.routes.get(planned.routeId);
        return route === undefined ? [] : [viewRoute(snapshot, planned, route)];
      }),
  };
}

function viewRoute(snapshot: Snapshot, planned: PlannedRoute, route: RouteRow): RouteView {
  const truck = snapshot.trucks.get(planned.truckId)!;
  const assignment = snapshot.assignments.get(route.id);
  const arrivals = projectArrivals(snapshot, planned, route);
  return {
    id: route.id,
    zone: route.zone,
    truckId: truck.id,
    plate: truck.plate,
    driverId: assignment?.driverId ?? null,
    driverName: assignment?.driverName ?? null,
    assignmentId: assignment?.id ?? null,
    state: route.state,
    distance: planned.distanceM,
    duration: planned.durationS,
    startAt: (assignment?.scheduledStart ?? new Date(planned.startAt)).toISOString(),
    startedAt: route.startedAt?.toISOString() ?? null,
    finishedAt: route.finishedAt?.toISOString() ?? null,
    capacity: truck.capacity,
    loadAboard: truck.loadAboard,
    geometry: geometryOf(planned.stops),
    stops: planned.stops.map((plannedStop, index): StopView => {
      const stop = snapshot.stops.get(plannedStop.stopId)!;
      const incident = stop.incidentId === null ? undefined : snapshot.incidents.get(stop.incidentId);
      const arrival = arrivals[index]!;
      return {
        id: stop.id,
        kind: stop.kind,
        ...(stop.incidentId === null ? {} : { incidentId: stop.incidentId }),
        ...(stop.containerId === null ? {} : { containerId: stop.containerId }),
        lat: stop.lat,
        lon: stop.lon,
        state: stop.state,
        eta: new Date(arrival.etaMs).toISOString(),
        etaEarliest: new Date(arrival.earliestMs).toISOString(),
        etaLatest: new Date(arrival.latestMs).toISOString(),
        load: stop.load,
        loadAfter: plannedStop.loadAfter,
        serviceS: stop.serviceS,
        ...(stop.windowEnd === null ? {} : { windowEnd: stop.windowEnd.toISOString() }),
        ...(stop.windowEnd === null || stop.kind !== 'incident'
          ? {}
          : { keep: arrival.keep(stop.windowEnd.getTime()) }),
        ...(stop.pin === null || stop.state !== 'planned' ? {} : { pin: stop.pin }),
        ...(plannedStop.pauseS === undefined ? {} : { pauseS: plannedStop.pauseS }),
        departedAt: stop.departedAt?.toISOString() ?? null,
        finishedAt: stop.finishedAt?.toISOString() ?? null,
        failReason: stop.failReason,
        arrivedAt: stop.arrivedAt?.toISOString() ?? null,
        leftAt: stop.leftAt?.toISOString() ?? null,
        closedBy: stop.closedBy,
        evidence: stop.evidence,
        ...(incident === undefined ? {} : { severity: incident.severity, incidentType: incident.type }),
        address: stop.address,
      };
    }),
  };
}
