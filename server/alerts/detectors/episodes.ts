import type { WatchedKind } from '../../../shared/alert-rules.ts';
import { subjectKey, type AlertSubject } from '../../../shared/alerts.ts';
import type { Reading } from './facts.ts';

/**
 * One condition of one subject through time: `rising` while it holds but not yet long enough, `raised` while it
 * counts, `falling` while it counts still but its opposite holds.
 */
export interface Episode {
  phase: 'rising' | 'raised' | 'falling';
  /** Since when the phase's own condition has held, in the evidence's time; ms since the epoch. */
  sinceMs: number;
  /** Newest evidence judged: older evidence changes nothing. */
  atMs: number;
  reading: Reading;
}

export type Episodes = ReadonlyMap<string, Episode>;

export const NO_EPISODES: Episodes = new Map();

export function episodeKey(kind: WatchedKind, subject: AlertSubject): string {
  return `${kind} ${subjectKey(subject)}`;
}

/** True while an episode counts. */
export function isRaisedIn(episodes: Episodes, kind: WatchedKind, subject: AlertSubject): boolean {
  const phase = episodes.get(episodeKey(kind, subject))?.phase;
  return phase === 'raised' || phase === 'falling';
}

/**
 * The next state of every condition. A condition must hold without a break for `raiseAfterS` before it counts and its
 * opposite for `clearAfterS` before it is over; without evidence (`isOn` null) nothing moves; a subject that no
 * reading speaks of is gone, and its condition with it. Pure: the same readings give the same episodes.
 */
export function nextEpisodes(before: Episodes, readings: readonly Reading[]): Episodes {
  const next = new Map<string, Episode>();
  for (const reading of readings) {
    const key = episodeKey(reading.kind, reading.subject);
    const episode = nextEpisode(before.get(key) ?? null, reading);
    if (episode !== null) next.set(key, episode);
  }
  return next;
}

function nextEpisode(before: Episode | null, reading: Reading): Episode | null {
  const { isOn, atMs } = reading;
  if (before === null) return isOn === true ? grown('rising', atMs, reading) : null;
  if (isOn === null || atMs < before.atMs) return before;
  if (before.phase === 'rising') return isOn ? grown('rising', before.sinceMs, reading) : null;
  if (isOn) return { phase: 'raised', sinceMs: before.sinceMs, atMs, reading };
  const sinceMs = before.phase === 'falling' ? before.sinceMs : atMs;
  if (atMs - sinceMs >= reading.clearAfterS * 1_000) return null;
  return { phase: 'falling', sinceMs, atMs, reading: before.reading };
}

/** What holds long enough counts; with no time asked for, at once. */
function grown(phase: 'rising', sinceMs: number, reading: Reading): Episode {
  const isLong = reading.atMs - sinceMs >= reading.raiseAfterS * 1_000;
  return { phase: isLong ? 'raised' : phase, sinceMs, atMs: reading.atMs, reading };
}

/**
 * Episodes of alerts that were open before this process looked: they count until the evidence says otherwise. The
 * reading is filled in by the first one that comes.
 */
export function resumed(
  open: readonly Pick<Reading, 'kind' | 'subject' | 'zone' | 'level' | 'details'>[],
): Episodes {
  return new Map(
    open.map((alert) => [
      episodeKey(alert.kind, alert.subject),
      {
        phase: 'raised',
        sinceMs: -Infinity,
        atMs: -Infinity,
        reading: { ...alert, isOn: null, atMs: -Infinity, raiseAfterS: 0, clearAfterS: 0 },
      },
    ]),
  );
}
