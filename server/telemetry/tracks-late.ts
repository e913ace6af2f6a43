import type { Sql } from '../db/connect.ts';

/** A stretch of a truck's track in which fixes arrived after their time. Milliseconds since the epoch. */
export interface LateStretch {
  truckId: number;
  fromMs: number;
  toMs: number;
}

export interface LateTracks {
  /** A plausible fix older than the newest of its device was stored. */
  note(truckId: number, t: number): void;
  /** Writes what was noted, for the last time; the returned promise never fails. */
  stop(): Promise<void>;
}

const FLUSH_MS = 2_000;

/**
 * Gathers late fixes by truck and writes each truck's stretch behind, for whoever follows the visits. What a killed server
 * did not write is caught up by the night's look at the days behind.
 */
export function createLateTracks(
  sql: Sql,
  log: { warn(fields: object, message?: string): void },
): LateTracks {
  let waiting = new Map<number, LateStretch>();
  let running: Promise<void> = Promise.resolve();

  function note(truckId: number, t: number): void {
    const stretch = waiting.get(truckId);
    if (stretch === undefined) waiting.set(truckId, { truckId, fromMs: t, toMs: t });
    else if (t < stretch.fromMs) stretch.fromMs = t;
    else if (t > stretch.toMs) stretch.toMs = t;
  }

  async function flush(): Promise<void> {
    if (waiting.size === 0) return;
    const batch = waiting;
    waiting = new Map();
    try {
      await noteLate(sql, [...batch.values()]);
    } catch (error) {
      for (const { truckId, fromMs, toMs } of batch.values()) {
        note(truckId, fromMs);
        note(truckId, toMs);
      }
      log.warn({ err: error }, 'late stretches of track not noted; tried again');
    }
  }

  const timer = setInterval(() => (running = running.then(flush)), FLUSH_MS);
  timer.unref();
  return {
    note,
    async stop() {
      clearInterval(timer);
      await running;
      await flush();
    },
  };
}

/** Notes stretches that are to be looked at anew; what is noted already grows. */
export async function noteLate(sql: Sql, stretches: readonly LateStretch[]): Promise<void> {
  if (stretches.length === 0) return;
  const of = (read: (stretch: LateStretch) => number) => `{${stretches.map(read).join(',')}}`;
  await sql`
    insert into late_tracks as l (truck_id, from_at, to_at)
    select s.truck, to_timestamp(min(s.from_ms) / 1000), to_timestamp(max(s.to_ms) / 1000)
      from unnest(${of((one) => one.truckId)}::bigint[], ${of((one) => one.fromMs)}::float8[],
                  ${of((one) => one.toMs)}::float8[]) as s(truck, from_ms, to_ms)
     group by s.truck order by s.truck
    on conflict (truck_id) do update
       set from_at = least(l.from_at, excluded.from_at), to_at = greatest(l.to_at, excluded.to_at),
           grown = l.grown + 1`;
}
