import type { AlertDetails, AlertKind, AlertLevel, Notice } from '../../../shared/alerts.ts';
import { clockTime } from '../../../shared/time.ts';

/**
 * What leaves the room in words: the server writes them, for a letter has no screen to translate it. The room itself
 * has its own words, beside its screens.
 */
export type MessageLanguage = 'es' | 'en';

interface Told {
  kind: AlertKind;
  level: AlertLevel;
  details: AlertDetails;
  raisedAtMs: number;
}

const LEVEL: Record<MessageLanguage, Record<AlertLevel, string>> = {
  es: { urgent: 'Urgente', high: 'Alta', medium: 'Media' },
  en: { urgent: 'Urgent', high: 'High', medium: 'Medium' },
};

const TITLE: Record<MessageLanguage, Record<AlertKind, string>> = {
  es: {
    offline: 'Sin señal',
    speeding: 'Exceso de velocidad',
    idling: 'Motor encendido sin moverse',
    'long-stop': 'Detenido demasiado tiempo',
    'off-route': 'Fuera de la ruta',
    'zone-left': 'Fuera de su zona',
    'closure-entered': 'En una calle cerrada',
    'late-start': 'Ruta sin salir',
    'window-at-risk': 'Ventana en riesgo',
    'truck-full': 'Camión lleno',
    'truck-out': 'Camión averiado',
    'low-battery': 'Batería baja',
    'clock-skew': 'Reloj adelantado',
    'backup-failed': 'Falló la copia de respaldo',
    'disk-low': 'Queda poco disco',
    'router-down': 'El enrutador no responde',
    'redis-down': 'Redis no responde',
    'certificate-expiring': 'El certificado está por vencer',
    'delivery-failing': 'Un canal de alertas no entrega',
  },
  en: {
    offline: 'No signal',
    speeding: 'Speeding',
    idling: 'Engine on, not moving',
    'long-stop': 'Standing too long',
    'off-route': 'Off its route',
    'zone-left': 'Outside its zone',
    'closure-entered': 'In a closed street',
    'late-start': 'Route not started',
    'window-at-risk': 'Window at risk',
    'truck-full': 'Truck full',
    'truck-out': 'Truck broken down',
    'low-battery': 'Battery low',
    'clock-skew': 'Clock ahead',
    'backup-failed': 'Backup failed',
    'disk-low': 'Disk nearly full',
    'router-down': 'The router does not answer',
    'redis-down': 'Redis does not answer',
    'certificate-expiring': 'The certificate is about to expire',
    'delivery-failing': 'An alert channel does not deliver',
  },
};

const SAID: Record<MessageLanguage, Record<string, string>> = {
  es: {
    cleared: 'Terminó',
    since: 'Desde las',
    test: 'Prueba de alertas',
    testText: 'Este canal funciona. No hay nada que hacer.',
  },
  en: {
    cleared: 'Over',
    since: 'Since',
    test: 'Alert test',
    testText: 'This channel works. There is nothing to do.',
  },
};

/** Title and text of one message. Lines, no markup; control characters are taken out of what others named. */
export function wordsOf(
  told: Told | null,
  notice: Notice,
  language: MessageLanguage,
): { title: string; text: string } {
  const said = SAID[language];
  if (told === null) return { title: said.test!, text: said.testText! };
  const about = plain(told.details.plate ?? told.details.code ?? told.details.part ?? told.details.channel);
  const title = [TITLE[language][told.kind], about].filter(Boolean).join(': ');
  const facts = factsOf(told, language);
  return {
    title: notice === 'cleared' ? `${said.cleared}: ${title}` : `[${LEVEL[language][told.level]}] ${title}`,
    text: [`${title}.`, facts, `${said.since} ${clockTime(told.raisedAtMs)}.`].filter(Boolean).join(' '),
  };
}

/** The one fact that tells how bad it is, in units people use. */
function factsOf({ kind, details }: Told, language: MessageLanguage): string {
  const number = (value: unknown) =>
    typeof value === 'number'
      ? value.toLocaleString(language === 'es' ? 'es-EC' : 'en', { maximumFractionDigits: 1 })
      : '?';
  const minutes = (value: unknown) => `${typeof value === 'number' ? Math.round(value / 60) : '?'} min`;
  const percent = (value: unknown) =>
    `${number(typeof value === 'number' ? Math.round(value * 100) : null)} %`;
  switch (kind) {
    case 'offline':
      return `${plain(details.device)}, ${minutes(details.silentS)}.`;
    case 'speeding':
      return `${number(details.speedKmh)} km/h (${number(details.limitKmh)} km/h).`;
    case 'long-stop':
      return `${minutes(details.forS)}.`;
    case 'off-route':
      return `${number(details.offM)} m.`;
    case 'zone-left':
      return `${number(details.outM)} m.`;
    case 'late-start':
      return `${minutes(details.lateS)}.`;
    case 'window-at-risk':
      return [
        details.keep == null ? '' : percent(details.keep),
        typeof details.windowEnd === 'string' ? clockTime(details.windowEnd) : '',
      ]
        .filter(Boolean)
        .join(', ')
        .concat('.');
    case 'truck-full':
      return `${number(details.loadAboard)} / ${number(details.capacity)}.`;
    case 'low-battery':
      return `${plain(details.device)}, ${percent(details.battery)}.`;
    case 'clock-skew':
      return `${plain(details.device)}, ${number(details.skewS)} s.`;
    default:
      return plain(details.message);
  }
}

/** Text that came from outside, on one line and short. */
function plain(value: unknown): string {
  return typeof value === 'string' ? value.replace(/\p{C}+/gu, ' ').slice(0, 200) : '';
}
