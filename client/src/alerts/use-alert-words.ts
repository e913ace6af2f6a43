/** An alert in the page's language. */
import { useI18n } from 'vue-i18n';
import type { AlertView } from '../../../shared/alerts.ts';
import type { Locale } from '../format/format.ts';
import { aboutOf, factOf } from './alert-look.ts';

export function useAlertWords() {
  const { t, te, locale } = useI18n();

  /** A word of ours is translated; what another server said (`HTTP 503`) stays as it is. */
  function why(word: string | null): string {
    if (word === null) return '';
    return te(`alerts.why.${word}`) ? t(`alerts.why.${word}`) : word;
  }
  function title(alert: Pick<AlertView, 'kind' | 'details' | 'subject'>): string {
    return [t(`alerts.kind.${alert.kind}`), aboutOf(alert)].filter(Boolean).join(' · ');
  }
  function fact(alert: AlertView, nowMs: number): string {
    const found = factOf(alert, nowMs, locale.value as Locale);
    if (found === null) return typeof alert.details.message === 'string' ? alert.details.message : '';
    const blanks = { ...found.blanks };
    if (blanks.area !== undefined) blanks.area = t(`alerts.area.${blanks.area}`);
    if (blanks.why !== undefined) blanks.why = why(blanks.why);
    const key = `alerts.facts.${found.key}`;
    return found.count === undefined ? t(key, blanks) : t(key, blanks, found.count);
  }
  return { why, title, fact };
}
