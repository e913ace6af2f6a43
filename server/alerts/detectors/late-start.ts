import type { Detector } from './facts.ts';

/** A planned route that should be under way and is not; pressing when a driver is bound to it. */
export const detectLateStart: Detector = (facts) =>
  facts.routes.flatMap((route) => {
    if (route.state !== 'planned') return [];
    const lateMs = facts.nowMs - Date.parse(route.startAt);
    return [
      {
        kind: 'late-start' as const,
        subject: { kind: 'route' as const, id: route.id },
        zone: route.zone,
        isOn: lateMs > facts.rules.alerts.lateStartAfterS * 1_000,
        atMs: facts.nowMs,
        level: route.driverId === null ? ('medium' as const) : ('high' as const),
        raiseAfterS: 0,
        // A start put off to a later hour ends it; a clock at the edge does not.
        clearAfterS: 10,
        details: {
          plate: route.plate,
          truckId: route.truckId,
          routeId: route.id,
          startAt: route.startAt,
          lateS: Math.max(0, Math.round(lateMs / 1_000)),
        },
      },
    ];
  });
