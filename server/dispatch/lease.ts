import { sql } from 'drizzle-orm';
import type { Database } from '../db/connect.ts';

/**
 * Leadership as a row with an end: whoever holds it renews it, and when it lapses another takes over. (Session locks
 * prove nothing where all clients share one session, as with the embedded database.)
 *
 * @returns true while this holder leads
 */
export async function holdLease(
  database: Database,
  name: string,
  holder: string,
  forS: number,
): Promise<boolean> {
  const rows = await database.db.execute(sql`
    insert into leases (name, holder, expires_at)
    values (${name}, ${holder}, now() + make_interval(secs => ${forS}))
    on conflict (name) do update set holder = excluded.holder, expires_at = excluded.expires_at
      where leases.holder = excluded.holder or leases.expires_at < now()
    returning holder`);
  return rows.length > 0;
}

/** Gives the lease back, so that another instance need not wait for its end. */
export async function releaseLease(database: Database, name: string, holder: string): Promise<void> {
  await database.db.execute(sql`delete from leases where name = ${name} and holder = ${holder}`);
}
