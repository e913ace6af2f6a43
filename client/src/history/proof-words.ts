/** What the track says of a stop, in one line; empty when it says nothing. Pure. */
import type { StopView } from '../../../shared/plan.ts';
import { clock } from '../format/format.ts';

type Translate = (key: string, named?: Record<string, unknown>) => string;

/** When its truck was there; null when no visit is known. */
export function stayWords(stop: Pick<StopView, 'arrivedAt' | 'leftAt'>, t: Translate): string | null {
  if (!stop.arrivedAt) return null;
  return stop.leftAt
    ? t('history.stop.stayed', { from: clock(stop.arrivedAt), to: clock(stop.leftAt) })
    : t('history.stop.here', { from: clock(stop.arrivedAt) });
}

export function proofWords(
  stop: Pick<StopView, 'arrivedAt' | 'leftAt' | 'evidence' | 'closedBy'>,
  t: Translate,
): string {
  return [
    stayWords(stop, t),
    stop.evidence ? t(`history.evidence.${stop.evidence}`) : null,
    stop.closedBy === 'visit' ? t('history.stop.closedByVisit') : null,
  ]
    .filter((part) => part !== null)
    .join(' · ');
}
