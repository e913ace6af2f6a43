import type { WatchedKind } from '../../../shared/alert-rules.ts';
import { detectClosureEntered, detectOffRoute, detectZoneLeft } from './astray.ts';
import { detectClockSkew, detectLowBattery } from './device-condition.ts';
import { isRaisedIn, nextEpisodes, type Episodes } from './episodes.ts';
import type { Detector, RoomFacts } from './facts.ts';
import { detectLateStart } from './late-start.ts';
import { detectOffline } from './offline.ts';
import { detectSpeeding } from './speeding.ts';
import { detectIdling, detectLongStop } from './standing.ts';
import { detectTruckFull, detectTruckOut } from './truck-condition.ts';
import { detectWindowAtRisk } from './window-at-risk.ts';

const DETECTORS: Readonly<Record<WatchedKind, Detector>> = {
  offline: detectOffline,
  speeding: detectSpeeding,
  idling: detectIdling,
  'long-stop': detectLongStop,
  'off-route': detectOffRoute,
  'zone-left': detectZoneLeft,
  'closure-entered': detectClosureEntered,
  'late-start': detectLateStart,
  'window-at-risk': detectWindowAtRisk,
  'truck-full': detectTruckFull,
  'truck-out': detectTruckOut,
  'low-battery': detectLowBattery,
  'clock-skew': detectClockSkew,
};

/** One look at the room by every detector that is switched on: the state of all conditions afterwards. Pure. */
export function detect(before: Episodes, facts: RoomFacts): Episodes {
  const off = new Set<string>(facts.rules.alerts.off);
  const readings = Object.entries(DETECTORS).flatMap(([kind, detector]) =>
    off.has(kind) ? [] : detector(facts, (asked, subject) => isRaisedIn(before, asked, subject)),
  );
  return nextEpisodes(before, readings);
}

export { NO_EPISODES, resumed, type Episode, type Episodes } from './episodes.ts';
export type { DeviceFact, IncidentFact, PositionFact, RoomFacts, TruckFact } from './facts.ts';
