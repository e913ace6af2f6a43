import { runningByTruck, type Detector } from './facts.ts';

/** Emptier than the limit by this share, it is no longer full. */
const EMPTIED_SHARE = 0.1;

/** Full, on a running route; pressing when the landfill is not where it goes next. */
export const detectTruckFull: Detector = (facts, isRaised) => {
  const trucks = new Map(facts.trucks.map((truck) => [truck.id, truck]));
  return [...runningByTruck(facts)].flatMap(([truckId, route]) => {
    const truck = trucks.get(truckId);
    if (truck === undefined || truck.capacity <= 0 || truck.state === 'out') return [];
    const subject = { kind: 'truck' as const, id: truckId };
    const share = truck.loadAboard / truck.capacity;
    const from = facts.rules.alerts.fullFrom - (isRaised('truck-full', subject) ? EMPTIED_SHARE : 0);
    const next = route.stops.find((stop) => stop.state === 'enroute' || stop.state === 'planned');
    return [
      {
        kind: 'truck-full' as const,
        subject,
        zone: route.zone,
        isOn: share >= from,
        atMs: facts.nowMs,
        level: next?.kind === 'disposal' ? ('medium' as const) : ('high' as const),
        raiseAfterS: 0,
        clearAfterS: 0,
        details: {
          plate: truck.plate,
          truckId,
          loadAboard: truck.loadAboard,
          capacity: truck.capacity,
          landfillNext: next?.kind === 'disposal',
        },
      },
    ];
  });
};

/** Out of service; urgent while stops of its route wait for another truck. */
export const detectTruckOut: Detector = (facts) =>
  facts.trucks.flatMap((truck) => {
    if (truck.state === 'retired') return [];
    const route = facts.routes.find((candidate) => candidate.truckId === truck.id);
    const waiting =
      route?.stops.filter(
        ({ state, kind }) => state === 'planned' && (kind === 'incident' || kind === 'container'),
      ) ?? [];
    return [
      {
        kind: 'truck-out' as const,
        subject: { kind: 'truck' as const, id: truck.id },
        zone: route?.zone ?? truck.zone,
        isOn: truck.state === 'out',
        atMs: facts.nowMs,
        level: waiting.length > 0 ? ('urgent' as const) : ('high' as const),
        raiseAfterS: 0,
        clearAfterS: 0,
        details: {
          plate: truck.plate,
          truckId: truck.id,
          stopsWaiting: waiting.length,
          loadAboard: truck.loadAboard,
        },
      },
    ];
  });
