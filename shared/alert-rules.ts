import { z } from 'zod';

/** Kinds the product sees by itself in positions, plan and clock. */
export const WATCHED_KINDS = [
  'offline',
  'speeding',
  'idling',
  'long-stop',
  'off-route',
  'zone-left',
  'closure-entered',
  'late-start',
  'window-at-risk',
  'truck-full',
  'truck-out',
  'low-battery',
  'clock-skew',
] as const;
export const watchedKind = z.enum(WATCHED_KINDS);
export type WatchedKind = z.infer<typeof watchedKind>;

const seconds = z
  .number()
  .int()
  .min(0)
  .max(7 * 86_400);
const metres = z.number().min(20).max(20_000);
const share = z.number().min(0).max(1);

/**
 * When an alert is raised: part of the rules an admin edits. `…ForS` is how long a condition must hold before it
 * counts; it is over only when the opposite has held for a while too, so that an edge is crossed once, not ten times.
 */
export const alertRulesSchema = z.object({
  /** Silence of a device whose truck is on a running route … */
  offlineAfterS: seconds,
  /** … and of one that stands idle. */
  offlineIdleAfterS: seconds,
  speedKmh: z.number().min(10).max(160),
  speedForS: seconds,
  /** Engine on, wheels still, away from its stops, the depot and the landfill. */
  idleAfterS: seconds,
  /** Standing on a running route; at its own stop, this much beyond the service time. */
  longStopAfterS: seconds,
  /** From the planned line, not from the straight way between stops. */
  offRouteM: metres,
  offRouteForS: seconds,
  /** Outside its route's zone and away from its planned line. */
  zoneLeftM: metres,
  zoneForS: seconds,
  lateStartAfterS: seconds,
  /** Probability, 0–1, below which a window is at risk. */
  keepBelow: share,
  keepForS: seconds,
  /** Share of the capacity aboard, 0–1. */
  fullFrom: share,
  /** Charge, 0–1. */
  batteryBelow: share,
  /** A device's clock ahead of the server's. */
  skewS: seconds,
  /** What was just cleared is not raised again before. */
  coolDownS: seconds,
  /** Kinds nobody wants to hear of. */
  off: z.array(watchedKind).max(WATCHED_KINDS.length),
});
export type AlertRules = z.infer<typeof alertRulesSchema>;

export const DEFAULT_ALERT_RULES: AlertRules = {
  offlineAfterS: 5 * 60,
  offlineIdleAfterS: 24 * 3_600,
  speedKmh: 60,
  speedForS: 10,
  idleAfterS: 10 * 60,
  longStopAfterS: 20 * 60,
  offRouteM: 150,
  offRouteForS: 90,
  zoneLeftM: 150,
  zoneForS: 120,
  lateStartAfterS: 15 * 60,
  keepBelow: 0.6,
  keepForS: 60,
  fullFrom: 0.95,
  batteryBelow: 0.15,
  skewS: 30,
  coolDownS: 15 * 60,
  off: [],
};
