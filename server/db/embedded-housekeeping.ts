/** The work that a full server's background processes do, and a single session lacks. */

const LOOK_EVERY_MS = 60_000;
const CHECKPOINT_AT_BYTES = 64 * 1024 * 1024;
const CHECKPOINT_AT_LEAST_EVERY_MS = 10 * 60_000;
const VACUUM_EVERY_MS = 30 * 60_000;
/** A bigger table would hold everybody up; what is appended only (tracks) leaves no dead rows behind. */
const VACUUM_UP_TO_PAGES = 4_000;

export interface HousekeepingOptions {
  /** Whether nobody is using the session right now. */
  idle: () => boolean;
  query: (text: string) => boolean;
  rows: <T>(text: string) => Promise<T[]>;
}

/**
 * Checkpoints, so that the write-ahead log does not grow for ever, and vacuums small tables one at a time, so that
 * rows updated every second do not swell. Both only while nobody uses the session.
 */
export function startHousekeeping({ idle, query, rows }: HousekeepingOptions): { stop(): void } {
  let checkpointAt = performance.now();
  let vacuumAt = performance.now();
  let tables: string[] = [];
  let busy = false;

  async function look(): Promise<void> {
    if (busy || !idle()) return;
    busy = true;
    try {
      const now = performance.now();
      const [log] = await rows<{ bytes: number }>(
        'select pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn)::float8 as bytes from pg_control_checkpoint()',
      );
      const written = log?.bytes ?? 0;
      const due =
        written > CHECKPOINT_AT_BYTES || (written > 0 && now - checkpointAt > CHECKPOINT_AT_LEAST_EVERY_MS);
      if (due && idle() && query('checkpoint')) checkpointAt = now;
      if (now - vacuumAt > VACUUM_EVERY_MS) {
        vacuumAt = now;
        const found = await rows<{ name: string }>(
          `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where c.relkind = 'r' and n.nspname = 'public' and c.relpages <= ${VACUUM_UP_TO_PAGES}`,
        );
        tables = found.map(({ name }) => name);
      }
    } finally {
      busy = false;
    }
    vacuumNext();
  }

  function vacuumNext(): void {
    if (!idle()) return; // the rest waits for the next look
    const table = tables.pop();
    if (table === undefined) return;
    query(`vacuum (analyze) ${table}`);
    setImmediate(vacuumNext);
  }

  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  return { stop: () => clearInterval(timer) };
}
