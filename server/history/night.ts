import { clockTime, dayRange, localDay } from '../../shared/time.ts';
import { listTrackPartitions } from '../db/track-partitions.ts';
import { holdLease, releaseLease } from '../dispatch/lease.ts';
import type { Store } from '../events/store.ts';
import { currentRules } from '../rules/current.ts';
import { noteLate } from '../telemetry/tracks-late.ts';
import { packDay } from './pack-day.ts';
import { thinDay, type ThinnedDay } from './thin-day.ts';
import { sumUp } from './truck-history.ts';

export interface NightDeps {
  store: Store;
  /** Names this instance, as the lease knows it. */
  holder: string;
  log: {
    info(fields: object, message?: string): void;
    error(fields: object, message?: string): void;
  };
  /** HH:MM in local time from which it may begin. */
  upkeepAt: string;
  /** Null = nothing is thinned. */
  thinAfterDays: number | null;
  /** How long the lease lasts without being renewed. */
  leaseS?: number;
}

export interface Night {
  /** Does what the night is for, unless another instance is at it. True when it did. */
  run(): Promise<boolean>;
  /** Looks at the clock every few minutes; returns its end. */
  start(): () => Promise<void>;
}

const LEASE = 'tracks-upkeep';
const LEASE_S = 120;
const LOOK_MS = 5 * 60_000;
const DAY_MS = 86_400_000;
/** Fixes may arrive for so long: a day older than this does not change any more. */
const SETTLED_DAYS = 8;
/** Days thinned in one night, so that a first night on an old installation ends. */
const THINNED_A_NIGHT = 40;

/**
 * What is done to tracks at night, by one instance: visits of yesterday are looked at once more from all its fixes, days
 * that ended are summed up by truck, settled days are packed, and old days are thinned. Every step can be cut off and is done again the next night.
 */
export function createNight(deps: NightDeps): Night {
  const { store, log } = deps;
  const { database, clock } = store;
  let doneDay: string | null = null;
  let stopping = false;
  let running: Promise<unknown> = Promise.resolve();

  const leaseS = deps.leaseS ?? LEASE_S;
  const leads = async () => !stopping && (await holdLease(database, LEASE, deps.holder, leaseS));

  async function run(): Promise<boolean> {
    if (!(await leads())) return false;
    // A single step — a large fleet's day rewritten — may outlast the lease: it is renewed beside.
    let renewal: Promise<unknown> = Promise.resolve();
    const renewing = setInterval(() => (renewal = leads().catch(() => false)), (leaseS * 1_000) / 3);
    renewing.unref();
    try {
      const today = localDay(clock());
      await lookAgainAtYesterday(today);
      await sumUpDays(today);
      await packSettledDays();
      await thinOldDays();
    } finally {
      clearInterval(renewing);
      // One under way would take back what is given up here.
      await renewal;
      await releaseLease(database, LEASE, deps.holder).catch(() => undefined);
    }
    return true;
  }

  async function lookAgainAtYesterday(today: string): Promise<void> {
    const { fromMs, toMs } = dayRange(dayBefore(today, 1));
    const trucks = await trucksOf(fromMs, toMs);
    await noteLate(
      database.sql,
      trucks.map((truckId) => ({ truckId, fromMs, toMs: toMs - 1 })),
    );
  }

  /** Days of the last week that have no sum, yesterday, and the day that has just become final. */
  async function sumUpDays(today: string): Promise<void> {
    const { sql } = database;
    for (let back = 1; back <= SETTLED_DAYS; back++) {
      const day = dayBefore(today, back);
      const { fromMs, toMs } = dayRange(day);
      const isSure = back === 1 || back === SETTLED_DAYS;
      const summed = new Set(
        (
          await sql<{ truckId: number }[]>`
            select truck_id::float8 as "truckId" from truck_days where day = ${day}::date`
        ).map((row) => row.truckId),
      );
      for (const truckId of await trucksOf(fromMs, toMs)) {
        if (!isSure && summed.has(truckId)) continue;
        if (!(await leads())) return;
        const summary = await sumUp(database, truckId, day);
        await sql`
          insert into truck_days (truck_id, day, summary, computed_at)
          values (${truckId}, ${day}::date, ${sql.json(summary)}, to_timestamp(${clock()}::float8 / 1000))
          on conflict (truck_id, day) do update
             set summary = excluded.summary, computed_at = excluded.computed_at`;
      }
    }
  }

  async function trucksOf(fromMs: number, toMs: number): Promise<number[]> {
    const rows = await database.sql<{ id: number }[]>`
      select t.id::float8 as id from trucks t
       where exists (select 1 from tracks k where k.truck_id = t.id
                        and k.recorded_at >= to_timestamp(${fromMs}::float8 / 1000)
                        and k.recorded_at < to_timestamp(${toMs}::float8 / 1000))
       order by t.id`;
    return rows.map(({ id }) => id);
  }

  async function packSettledDays(): Promise<void> {
    const before = clock() - SETTLED_DAYS * DAY_MS;
    const settled = (await listTrackPartitions(database.sql)).filter(
      ({ day }) => day.getTime() + DAY_MS <= before,
    );
    for (const { name } of settled) {
      if (!(await leads())) return;
      await packDay(database.sql, name);
    }
  }

  async function thinOldDays(): Promise<void> {
    if (deps.thinAfterDays === null) return;
    const { sql } = database;
    const before = clock() - deps.thinAfterDays * DAY_MS;
    const { rules } = await currentRules(database.db);
    const thinned = new Set(
      (await sql<{ day: string }[]>`select to_char(day, 'YYYY-MM-DD') as day from thinned_days`).map(
        (row) => row.day,
      ),
    );
    const due = (await listTrackPartitions(sql)).filter(
      ({ day }) => day.getTime() + DAY_MS <= before && !thinned.has(day.toISOString().slice(0, 10)),
    );
    const done: ThinnedDay[] = [];
    for (const { day } of due.slice(0, THINNED_A_NIGHT)) {
      if (!(await leads())) return;
      const result = await thinDay(sql, day, rules.trackToleranceM, clock(), leads);
      if (result) done.push(result);
    }
    if (done.length > 0) log.info({ days: done }, 'old tracks thinned');
  }

  async function look(): Promise<void> {
    const today = localDay(clock());
    if (doneDay === today || clockTime(clock()) < deps.upkeepAt) return;
    try {
      if (await run()) doneDay = today;
    } catch (error) {
      log.error({ err: error }, "the tracks' upkeep was cut off; tried again");
    }
  }

  return {
    run,
    start() {
      let isBusy = false;
      const timer = setInterval(() => {
        if (isBusy) return;
        isBusy = true;
        running = look().finally(() => (isBusy = false));
      }, LOOK_MS);
      timer.unref();
      return async () => {
        stopping = true;
        clearInterval(timer);
        await running;
      };
    },
  };
}

function dayBefore(day: string, days: number): string {
  return new Date(Date.parse(day) - days * DAY_MS).toISOString().slice(0, 10);
}
