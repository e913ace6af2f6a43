import type { DayHistory, TripView } from '../../shared/history.ts';
import { TIME_ZONE } from '../../shared/time.ts';

export type CsvLanguage = 'es' | 'en';

/** A spreadsheet set to Spanish reads `;` between fields and a decimal comma. */
const FORMS = {
  es: {
    separator: ';',
    decimal: ',',
    header: [
      'placa',
      'salida',
      'llegada',
      'km',
      'en marcha (min)',
      'ralentí (min)',
      'velocidad máx. (km/h)',
      'desde',
      'hasta',
    ],
    total: 'total',
  },
  en: {
    separator: ',',
    decimal: '.',
    header: [
      'plate',
      'departure',
      'arrival',
      'km',
      'moving (min)',
      'idle (min)',
      'top speed (km/h)',
      'from',
      'to',
    ],
    total: 'total',
  },
} as const;

const INSTANT = new Intl.DateTimeFormat('en-CA', {
  timeZone: TIME_ZONE,
  dateStyle: 'short',
  timeStyle: 'medium',
  hourCycle: 'h23',
});

/** A truck's trips as a table for a spreadsheet, with a last row of sums. Times are Latacunga's. */
export function tripsCsv(plate: string, { trips, summary }: DayHistory, language: CsvLanguage): string {
  const form = FORMS[language];
  const number = (value: number, digits: number) => value.toFixed(digits).replace('.', form.decimal);
  const work = (of: Pick<TripView, 'distanceM' | 'movingS' | 'idleS' | 'maxSpeed'>) => [
    number(of.distanceM / 1_000, 2),
    number(of.movingS / 60, 1),
    number(of.idleS / 60, 1),
    of.maxSpeed === null ? '' : number(of.maxSpeed * 3.6, 0),
  ];
  const instant = (t: number) => INSTANT.format(t).replace(', ', ' ');
  const point = ({ lat, lon }: { lat: number; lon: number }) => `${lat.toFixed(5)} ${lon.toFixed(5)}`;
  const rows: string[][] = [
    [...form.header],
    ...trips.map((trip) => [
      plate,
      instant(trip.fromT),
      instant(trip.toT),
      ...work(trip),
      point(trip.start),
      point(trip.end),
    ]),
    [plate, form.total, '', ...work(summary), '', ''],
  ];
  return (
    rows.map((row) => row.map((cell) => quoted(cell, form.separator)).join(form.separator)).join('\r\n') +
    '\r\n'
  );
}

/** A cell that a spreadsheet would run as a formula is made text. */
function quoted(cell: string, separator: string): string {
  const safe = /^[=+@\t\r]|^-\D/.test(cell) ? `'${cell}` : cell;
  return safe.includes(separator) || /["\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
