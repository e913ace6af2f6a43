import { distanceM } from '../../../shared/geo.ts';
import type { RouteView, StopView } from '../../../shared/plan.ts';
import {
  isFresh,
  restPlaces,
  runningByTruck,
  type Detector,
  type PositionFact,
  type RoomFacts,
} from './facts.ts';

const REST_WITHIN_M = 200;
const STOP_WITHIN_M = 80;
/** It moves again for this long: the stand is over. */
const MOVED_S = 30;

/** Standing with the engine on, where there is nothing to do. Only devices that tell the ignition can show it. */
export const detectIdling: Detector = (facts) => {
  const running = runningByTruck(facts);
  return facts.trucks.flatMap((truck) => {
    const position = facts.positions.get(truck.id);
    if (position === undefined || position.ignition === null || truck.state === 'out') return [];
    const route = running.get(truck.id);
    const isBusy = isResting(facts, position) || (route !== undefined && stopAt(route, position) !== null);
    return [
      {
        kind: 'idling' as const,
        subject: { kind: 'truck' as const, id: truck.id },
        zone: route?.zone ?? truck.zone,
        isOn: isFresh(position) ? position.state === 'stopped' && position.ignition && !isBusy : null,
        atMs: position.t,
        level: 'medium' as const,
        raiseAfterS: facts.rules.alerts.idleAfterS,
        clearAfterS: MOVED_S,
        details: whereOf(truck.plate, position),
      },
    ];
  });
};

/** Standing too long on a running route: anywhere but depot and landfill; at a stop of its own beyond the service. */
export const detectLongStop: Detector = (facts) => {
  const trucks = new Map(facts.trucks.map((truck) => [truck.id, truck]));
  return [...runningByTruck(facts)].flatMap(([truckId, route]) => {
    const truck = trucks.get(truckId);
    const position = facts.positions.get(truckId);
    if (truck === undefined || position === undefined || truck.state === 'out') return [];
    const stop = stopAt(route, position);
    return [
      {
        kind: 'long-stop' as const,
        subject: { kind: 'truck' as const, id: truckId },
        zone: route.zone,
        isOn: isFresh(position) ? position.state === 'stopped' && !isResting(facts, position) : null,
        atMs: position.t,
        level: 'high' as const,
        raiseAfterS: facts.rules.alerts.longStopAfterS + (stop?.serviceS ?? 0),
        clearAfterS: MOVED_S,
        details: {
          ...whereOf(truck.plate, position),
          stopId: stop?.id ?? null,
          forS: facts.rules.alerts.longStopAfterS + (stop?.serviceS ?? 0),
        },
      },
    ];
  });
};

function isResting(facts: RoomFacts, position: PositionFact): boolean {
  return restPlaces(facts).some((place) => distanceM(place, position) <= REST_WITHIN_M);
}

/** The stop of its route a truck stands at, done or not; null on the open road. */
function stopAt(route: RouteView, position: PositionFact): StopView | null {
  return route.stops.find((stop) => distanceM(stop, position) <= STOP_WITHIN_M) ?? null;
}

function whereOf(plate: string, position: PositionFact) {
  return { plate, truckId: position.truckId, lat: position.lat, lon: position.lon };
}
