import type { Rules } from '../../shared/rules.ts';
import { holdLease, releaseLease } from '../dispatch/lease.ts';
import { headId } from '../events/read.ts';
import type { Store } from '../events/store.ts';
import { currentRules } from '../rules/current.ts';
import { NOWHERE, type Place } from '../telemetry/geofences.ts';
import { gradeStop } from './grade-stop.ts';
import { reviseVisits } from './late-visits.ts';
import { recordVisits } from './record-visits.ts';
import { chooseDevice } from './visit-device.ts';
import { foldVisits } from './visit-fold.ts';
import { commonPlaces, stopPlaces } from './visit-places.ts';
import {
  forgetLate,
  newsSince,
  readFollowed,
  readHeads,
  readLate,
  readNewer,
  stopsOfRunningRoutes,
  storeFollowed,
  ungradedStops,
  type Followed,
} from './visit-reads.ts';

const LEASE = 'visits';
const LEASE_S = 15;
const TICK_MS = 2_000;
/** Fixes of one truck looked at in one go; more follow in the next. */
const PAGE = 2_000;
/** The state without news is stored this often: what comes after is folded again by whoever takes over. */
const STORE_EVERY_MS = 10_000;
/** A grade that fixes under way may better is looked at again once, after this long. */
const REGRADE_MS = 90_000;
/** A late stretch that could not be looked at is tried again after this; others go on meanwhile. */
const LATE_AGAIN_MS = 5 * 60_000;
/** A truck never looked at before begins this long before its newest fix: a shift that is under way is seen whole. */
const BEGIN_MS = 12 * 3_600_000;

export interface VisitWatch {
  /** Looks once; false when another instance leads. The watch calls it by itself; tests and headless runs too. */
  look(): Promise<boolean>;
  stop(): Promise<void>;
}

export interface VisitWatchDeps {
  store: Store;
  /** Names this instance among others. */
  holder: string;
  log: { error(fields: object, message?: string): void };
  /** Null: it never looks by itself. */
  tickMs?: number | null;
}

interface Picture {
  /** The event up to which it holds. */
  head: number;
  rules: Rules;
  common: Place[];
  byTruck: Map<number, Place[]>;
}

/**
 * Follows every truck's track, fix by fix in time order, and keeps what its visits are. One instance leads at a time and
 * reads what all have committed, so that a restart, a lost instance or a late frame changes nothing: its state and how
 * far it looked are stored with the visits they led to. Fixes older than that are history: the stretch they fell into is
 * looked at anew, without telling anybody. Stops that ended are graded by the evidence there is.
 */
export function watchVisits(deps: VisitWatchDeps): VisitWatch {
  const { store, log } = deps;
  const { database, clock } = store;
  let followed: Map<number, Followed> | null = null;
  let picture: Picture | null = null;
  let storedAtMs = 0;
  const toGrade = new Map<number, { dueMs: number; isLast: boolean }>();
  /** Trucks whose late stretch failed, and when it is tried again. */
  const lateNotBefore = new Map<number, number>();
  let busy: Promise<boolean> | null = null;
  let isStopped = false;

  function forget(): void {
    followed = null;
    picture = null;
  }

  async function pass(): Promise<boolean> {
    if (!(await holdLease(database, LEASE, deps.holder, LEASE_S))) {
      forget();
      return false;
    }
    const known = (followed ??= await readFollowed(database.sql));
    const now = (picture = await refreshed(picture));
    if (!(await follow(known, now))) {
      forget();
      return true;
    }
    await lookAtLate(known, now);
    await gradeDue();
    return true;
  }

  async function refreshed(before: Picture | null): Promise<Picture> {
    const head = await headId(database);
    if (before?.head === head) return before;
    const news = before === null ? null : await newsSince(database.sql, before.head);
    const ended = news === null ? await ungradedStops(database.sql, clock()) : news.endedStopIds;
    for (const stopId of ended) toGrade.set(stopId, { dueMs: clock(), isLast: false });
    if (before !== null && news !== null && !news.placesChanged) return { ...before, head };
    const { rules } = await currentRules(database.db);
    const byTruck = new Map<number, Place[]>();
    for (const [truckId, stops] of await stopsOfRunningRoutes(database.sql)) {
      byTruck.set(truckId, stopPlaces(rules, stops));
    }
    return { head, rules, common: commonPlaces(rules), byTruck };
  }

  /** Folds what is new of every truck. False when another instance was quicker. */
  async function follow(known: Map<number, Followed>, now: Picture): Promise<boolean> {
    const nowMs = clock();
    const wanted: { truckId: number; deviceId: number; afterT: number }[] = [];
    for (const [truckId, devices] of await readHeads(database.sql)) {
      const device = chooseDevice(devices, known.get(truckId)?.seenTo ?? null, nowMs);
      if (device === null) continue;
      const { deviceId, t } = device;
      if (!known.has(truckId)) {
        known.set(truckId, { seenTo: t - BEGIN_MS, state: NOWHERE, storedTo: null });
      }
      wanted.push({ truckId, deviceId, afterT: known.get(truckId)!.seenTo });
    }
    for (const [truckId, points] of await readNewer(database.sql, wanted, PAGE)) {
      const before = known.get(truckId)!;
      const { deviceId } = wanted.find((one) => one.truckId === truckId)!;
      const places = [...now.common, ...(now.byTruck.get(truckId) ?? [])];
      const { state, visits } = foldVisits(before.state, points, places);
      const seenTo = points.at(-1)!.t;
      if (visits.length === 0) {
        known.set(truckId, { ...before, seenTo, state });
        continue;
      }
      const found = { truckId, deviceId, visits, state, seenTo, storedTo: before.storedTo };
      if (!(await recordVisits(store, now.rules, found))) return false;
      known.set(truckId, { seenTo, state, storedTo: seenTo });
    }
    if (nowMs - storedAtMs >= STORE_EVERY_MS) {
      storedAtMs = nowMs;
      await storeFollowed(database.sql, known);
    }
    return true;
  }

  async function lookAtLate(known: ReadonlyMap<number, Followed>, now: Picture): Promise<void> {
    for (const [truckId, notBeforeMs] of lateNotBefore)
      if (notBeforeMs <= clock()) lateNotBefore.delete(truckId);
    const late = await readLate(database.sql, [...lateNotBefore.keys()]);
    if (late === null) return;
    const seenTo = known.get(late.truckId)?.seenTo ?? 0;
    try {
      for (const stopId of await reviseVisits(store, now.rules, late, seenTo)) {
        toGrade.set(stopId, { dueMs: clock(), isLast: true });
      }
      await forgetLate(database.sql, late);
    } catch (error) {
      lateNotBefore.set(late.truckId, clock() + LATE_AGAIN_MS);
      const { truckId, fromMs, toMs } = late;
      log.error({ err: error, truckId, fromMs, toMs }, 'a late stretch of track could not be looked at anew');
    }
  }

  async function gradeDue(): Promise<void> {
    for (const [stopId, { dueMs, isLast }] of toGrade) {
      if (isStopped) return;
      if (dueMs > clock()) continue;
      toGrade.delete(stopId);
      const grade = await gradeStop(store, stopId);
      if (!isLast && grade !== 'A') toGrade.set(stopId, { dueMs: clock() + REGRADE_MS, isLast: true });
    }
  }

  function look(): Promise<boolean> {
    busy ??= pass().finally(() => (busy = null));
    return busy;
  }
  const tick = () => {
    if (busy !== null) return;
    look().catch((error: unknown) => {
      forget();
      log.error({ err: error }, 'visits could not be followed; the next look tries again');
    });
  };
  const timer = deps.tickMs === null ? null : setInterval(tick, deps.tickMs ?? TICK_MS);
  timer?.unref();

  return {
    look,
    async stop() {
      isStopped = true;
      if (timer !== null) clearInterval(timer);
      await busy?.catch(() => undefined);
      if (followed !== null) await storeFollowed(database.sql, followed).catch(() => undefined);
      await releaseLease(database, LEASE, deps.holder).catch(() => undefined);
    },
  };
}
