import type { Database } from '../db/connect.ts';
import { localDay } from '../../shared/time.ts';
import { tripsCsv, type CsvLanguage } from './trips-csv.ts';
import { truckHistory } from './truck-history.ts';

/**
 * A truck's trips as a file for a spreadsheet.
 * @throws DomainError `invalid-input`, `not-found`
 */
export async function exportTrips(
  database: Database,
  truckId: number,
  from: Date,
  to: Date,
  language: CsvLanguage,
): Promise<{ name: string; csv: string }> {
  const history = await truckHistory(database, truckId, from, to);
  const [truck] = await database.sql<{ plate: string }[]>`select plate from trucks where id = ${truckId}`;
  const plate = truck!.plate;
  return {
    name: `${plate.replaceAll(' ', '')}-${localDay(from)}.csv`,
    csv: tripsCsv(plate, history, language),
  };
}
