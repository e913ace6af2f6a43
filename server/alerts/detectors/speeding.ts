import { isFresh, runningByTruck, type Detector } from './facts.ts';

const KMH_PER_MPS = 3.6;
/** Slower than the limit by this much, it is over. */
const MARGIN_KMH = 5;
/** Faster than the limit by this much, it is pressing. */
const GROSS_KMH = 20;

/** Faster than the limit for a while, by the speed the device itself measures. */
export const detectSpeeding: Detector = (facts, isRaised) => {
  const running = runningByTruck(facts);
  const { speedKmh: limitKmh, speedForS } = facts.rules.alerts;
  return facts.trucks.flatMap((truck) => {
    const position = facts.positions.get(truck.id);
    if (position === undefined) return [];
    const subject = { kind: 'truck' as const, id: truck.id };
    const speedKmh = position.speed === null ? null : position.speed * KMH_PER_MPS;
    const from = isRaised('speeding', subject) ? limitKmh - MARGIN_KMH : limitKmh;
    return [
      {
        kind: 'speeding' as const,
        subject,
        zone: running.get(truck.id)?.zone ?? truck.zone,
        isOn: isFresh(position) && speedKmh !== null ? speedKmh > from : null,
        atMs: position.t,
        level: speedKmh !== null && speedKmh > limitKmh + GROSS_KMH ? ('high' as const) : ('medium' as const),
        raiseAfterS: speedForS,
        clearAfterS: 30,
        details: {
          plate: truck.plate,
          truckId: truck.id,
          speedKmh: Math.round(speedKmh ?? 0),
          limitKmh,
          lat: position.lat,
          lon: position.lon,
        },
      },
    ];
  });
};
