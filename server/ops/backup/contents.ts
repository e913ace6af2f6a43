import { quoted, readCatalogue, rowsAsJson, type Reader } from './catalogue.ts';
import { eventLogHash, type Footer } from './format.ts';

/** Rows fetched at a time: large enough for speed, small enough to hold in memory. */
const FETCH_ROWS = 2_000;

/** Rows by table and the hash of the event log, as a backup's closing line states them. */
export async function contentsOf(tx: Reader): Promise<Footer> {
  const { tables } = await readCatalogue(tx);
  const rows: Record<string, number> = {};
  const events = eventLogHash();
  for (const table of tables) {
    const [counted] = await tx.unsafe<{ count: number }[]>(
      `select count(*)::float8 as count from ${quoted(table.name)}`,
    );
    rows[table.name] = counted?.count ?? 0;
    if (table.name !== 'events') continue;
    for await (const batch of fetchRows(tx, rowsAsJson(table, true))) batch.forEach(events.add);
  }
  return { kind: 'end', rows, photos: 0, eventLog: events.value() };
}

/** A cursor in SQL: it works the same on every database we run on. */
export async function* fetchRows(tx: Reader, query: string): AsyncGenerator<string[]> {
  await tx.unsafe(`declare backup_rows no scroll cursor for ${query}`);
  for (;;) {
    const batch = await tx.unsafe<{ row: string }[]>(`fetch ${FETCH_ROWS} from backup_rows`);
    if (batch.length === 0) break;
    yield batch.map(({ row }) => row);
  }
  await tx.unsafe('close backup_rows');
}
