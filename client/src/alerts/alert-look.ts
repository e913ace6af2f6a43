/** How an alert looks and reads: its shape by level, its icon by kind, its facts as a sentence. Pure. */
import type { AlertKind, AlertLevel, AlertView } from '../../../shared/alerts.ts';
import { ALERT_LEVELS } from '../../../shared/alerts.ts';
import { clock, distance, percent, plateDigits, points, span, type Locale } from '../format/format.ts';
import type { IconName } from '../ui/icon-names.ts';

export const KIND_ICON: Readonly<Record<AlertKind, IconName>> = {
  offline: 'wifi-off',
  speeding: 'gauge',
  idling: 'player-pause',
  'long-stop': 'clock',
  'off-route': 'route-off',
  'zone-left': 'map-pin',
  'closure-entered': 'road-off',
  'late-start': 'flag',
  'window-at-risk': 'clock',
  'truck-full': 'stack-2',
  'truck-out': 'tool',
  'low-battery': 'antenna',
  'clock-skew': 'history',
  'backup-failed': 'cloud-off',
  'disk-low': 'box',
  'router-down': 'route-off',
  'redis-down': 'plug-connected-x',
  'certificate-expiring': 'lock',
  'delivery-failing': 'send',
};

export type AlertTone = 'crit' | 'risk' | 'plain';
export const LEVEL_TONE: Readonly<Record<AlertLevel, AlertTone>> = {
  urgent: 'crit',
  high: 'risk',
  medium: 'plain',
};

export function isMuted(alert: Pick<AlertView, 'mutedUntil'>, nowMs: number): boolean {
  return alert.mutedUntil !== null && Date.parse(alert.mutedUntil) > nowMs;
}

/** The most pressing first, muted ones last, then the newest. */
export function inOrder(alerts: readonly AlertView[], nowMs: number): AlertView[] {
  const rank = (alert: AlertView) =>
    (isMuted(alert, nowMs) ? 0 : 10) +
    ALERT_LEVELS.indexOf(alert.level) * 2 +
    (alert.state === 'open' ? 1 : 0);
  return alerts.toSorted((a, b) => rank(b) - rank(a) || b.id - a.id);
}

/** How many of each level speak now. */
export function countByLevel(alerts: readonly AlertView[], nowMs: number): Record<AlertLevel, number> {
  const counts = { urgent: 0, high: 0, medium: 0 };
  for (const alert of alerts) if (!isMuted(alert, nowMs)) counts[alert.level] += 1;
  return counts;
}

/** Of whom it speaks, as people call it: the truck's four digits, the incident's code, the part's name. */
export function aboutOf({ details, subject }: Pick<AlertView, 'details' | 'subject'>): string {
  if (typeof details.plate === 'string' && subject.kind !== 'incident') return plateDigits(details.plate);
  if (typeof details.code === 'string') return details.code;
  return subject.name ?? '';
}

/** The truck an alert lets one choose; null when it is about none. */
export function truckOf({ subject, details }: Pick<AlertView, 'details' | 'subject'>): number | null {
  if (subject.kind === 'truck') return subject.id;
  return typeof details.truckId === 'number' ? details.truckId : null;
}

export interface Fact {
  /** Key under `alerts.facts`, its blanks, and the count where it has forms. */
  key: string;
  blanks: Record<string, string>;
  count?: number;
}

const text = (value: unknown) => (typeof value === 'string' ? value : '');
/** An instant as a clock; an alert of another release may lack it. */
const hour = (value: unknown) => (Number.isNaN(Date.parse(text(value))) ? '—' : clock(text(value)));
const number = (value: unknown) => (typeof value === 'number' ? value : 0);

/** The one sentence that says how it stands; null for kinds whose title says it all. */
export function factOf(
  alert: Pick<AlertView, 'kind' | 'details' | 'raisedAt' | 'clearedAt'>,
  nowMs: number,
  locale: Locale,
): Fact | null {
  const { kind, details } = alert;
  const raisedMs = Date.parse(alert.raisedAt);
  const untilMs = alert.clearedAt === null ? nowMs : Date.parse(alert.clearedAt);
  switch (kind) {
    case 'offline':
      return {
        key: kind,
        blanks: {
          device: text(details.device),
          span: span((untilMs - raisedMs) / 1_000 + number(details.silentS)),
        },
      };
    case 'speeding':
      return { key: kind, blanks: { speed: String(details.speedKmh), limit: String(details.limitKmh) } };
    case 'idling':
      return { key: 'since', blanks: { time: clock(raisedMs) } };
    case 'long-stop':
      return { key: 'since', blanks: { time: clock(raisedMs - number(details.forS) * 1_000) } };
    case 'off-route':
      return { key: kind, blanks: { distance: distance(number(details.offM), locale) } };
    case 'zone-left':
      return {
        key: kind,
        blanks: { distance: distance(number(details.outM), locale), area: text(details.area) },
      };
    case 'closure-entered':
      return { key: kind, blanks: {} };
    case 'late-start':
      return { key: kind, blanks: { time: hour(details.startAt) } };
    case 'window-at-risk': {
      const time = hour(details.windowEnd);
      if (Date.parse(text(details.windowEnd)) <= untilMs) return { key: 'passed', blanks: { time } };
      if (typeof details.keep !== 'number') return { key: 'unplanned', blanks: { time } };
      return { key: 'keep', blanks: { time, keep: percent(details.keep) } };
    }
    case 'truck-full':
      return {
        key: details.landfillNext === true ? 'full' : 'fullNotNext',
        blanks: {
          load: points(number(details.loadAboard), locale),
          capacity: points(number(details.capacity), locale),
        },
      };
    case 'truck-out':
      return { key: kind, blanks: {}, count: number(details.stopsWaiting) };
    case 'low-battery':
      return {
        key: kind,
        blanks: { device: text(details.device), percent: percent(number(details.battery)) },
      };
    case 'clock-skew':
      return {
        key: kind,
        blanks: { device: text(details.device), seconds: String(Math.round(number(details.skewS))) },
      };
    case 'delivery-failing':
      return { key: 'channel', blanks: { channel: text(details.channel), why: text(details.message) } };
    default:
      return null;
  }
}
