/** Which parts of the room an event makes old. The room asks again for those, once per burst. */
import type { EventType } from '../../../shared/events.ts';

export const DATASETS = [
  'incidents',
  'plan',
  'proposals',
  'drafts',
  'history',
  'trucks',
  'zones',
  'rules',
  'closures',
  'alerts',
] as const;
export type Dataset = (typeof DATASETS)[number];

const BY_FAMILY: Readonly<Record<string, readonly Dataset[]>> = {
  incident: ['incidents', 'zones'],
  plan: ['plan', 'history', 'incidents', 'zones', 'trucks', 'drafts'],
  proposal: ['proposals'],
  draft: ['drafts'],
  route: ['plan', 'trucks', 'zones'],
  stop: ['plan', 'trucks'],
  assignment: ['plan', 'trucks'],
  truck: ['trucks', 'plan'],
  device: ['trucks'],
  driver: ['trucks'],
  container: ['plan'],
  closure: ['closures', 'plan', 'proposals'],
  rules: ['rules', 'zones'],
  user: [],
  alert: ['alerts'],
  channel: [],
};

/** The datasets to read again after these events; a stop that completes also changes its incident. */
export function outdatedBy(types: Iterable<EventType>): Set<Dataset> {
  const outdated = new Set<Dataset>();
  for (const type of types) {
    const family = type.split('.')[0] ?? '';
    for (const dataset of BY_FAMILY[family] ?? []) outdated.add(dataset);
    if (type === 'stop.completed' || type === 'route.finished' || type === 'stop.failed')
      outdated.add('incidents');
  }
  return outdated;
}

export type Freshness = 'live' | 'late' | 'cut';
export const LATE_AFTER_MS = 5_000;
export const CUT_AFTER_MS = 30_000;

/** How old the picture may be called: live, late (amber) from 5 s, cut (grey trucks and a bar) from 30 s. */
export function freshness(lastHeardMs: number, nowMs: number): Freshness {
  const age = nowMs - lastHeardMs;
  return age >= CUT_AFTER_MS ? 'cut' : age >= LATE_AFTER_MS ? 'late' : 'live';
}
