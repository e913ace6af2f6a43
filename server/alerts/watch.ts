import { and, inArray, ne } from 'drizzle-orm';
import { WATCHED_KINDS, type WatchedKind } from '../../shared/alert-rules.ts';
import { levelReaches, subjectKey, type AlertLevel } from '../../shared/alerts.ts';
import { alerts } from '../db/schema/index.ts';
import { holdLease, releaseLease } from '../dispatch/lease.ts';
import { forgetOldAlerts } from './forget-old.ts';
import type { Store } from '../events/store.ts';
import { subjectOf } from './alert-record.ts';
import { clearByItself } from './clear.ts';
import { NO_EPISODES, detect, resumed, type DeviceFact, type Episodes } from './detectors/index.ts';
import { raiseAlert } from './raise.ts';
import {
  readDeviceFacts,
  readPlanFacts,
  readPositions,
  type FleetPositions,
  type PlanFacts,
} from './read-facts.ts';

const LEASE = 'alerts';
const FORGET_EVERY_MS = 86_400_000;
const LEASE_S = 15;
const RENEW_MS = 5_000;
/** The plan is read again at most this often when things happen, and this often when nothing does. */
const PLAN_SOON_MS = 2_000;
const PLAN_LATEST_MS = 20_000;
const DEVICES_MS = 10_000;

export interface AlertWatchDeps {
  store: Store;
  fleet: FleetPositions;
  /** Skew in seconds of the devices this instance hears. */
  skews(): Promise<ReadonlyMap<number, number | null>>;
  /** Who this instance is, among several. */
  holder: string;
  log: { error(about: object, message: string): void };
}

export interface AlertWatch {
  /** One look, now: what the timer does. For tests, which hold the clock. */
  look(): Promise<void>;
  stop(): Promise<void>;
}

interface OpenAlert {
  key: string;
  level: AlertLevel;
}

/**
 * Looks at the room every two seconds and keeps the alerts in step with what the detectors say: raises what begins to
 * count, clears what is over. One instance looks at a time; what was open before it began stays open until the
 * evidence says otherwise, so that neither a restart nor a takeover raises or clears anything.
 */
export function startAlertWatch(deps: AlertWatchDeps, tickMs: number | null = 2_000): AlertWatch {
  const { store, holder, log } = deps;
  const listeningSinceMs = store.clock();
  let leadsUntilMs = 0;
  let episodes: Episodes | null = null;
  let plan: PlanFacts | null = null;
  let planReadMs = 0;
  let devices: DeviceFact[] = [];
  let devicesReadMs = -Infinity;
  let isOutdated = true;
  let open = new Map<string, OpenAlert>();
  /** Conditions that were cleared a moment ago, by when they may be raised again. */
  const cooling = new Map<string, number>();
  let running: Promise<void> | null = null;
  let forgotMs = -Infinity;

  async function leads(): Promise<boolean> {
    if (performance.now() < leadsUntilMs - (LEASE_S * 1_000 - RENEW_MS)) return true;
    const isHeld = await holdLease(store.database, LEASE, holder, LEASE_S);
    leadsUntilMs = isHeld ? performance.now() + LEASE_S * 1_000 : 0;
    return isHeld;
  }

  async function refresh(): Promise<PlanFacts> {
    const ageMs = performance.now() - planReadMs;
    if (
      plan === null ||
      ageMs > PLAN_LATEST_MS ||
      (isOutdated && (ageMs > PLAN_SOON_MS || tickMs === null))
    ) {
      isOutdated = false;
      planReadMs = performance.now();
      plan = await readPlanFacts(store);
      open = await readOpen();
    }
    if (performance.now() - devicesReadMs > DEVICES_MS || tickMs === null) {
      devicesReadMs = performance.now();
      devices = await readDeviceFacts(store, await deps.skews());
    }
    return plan;
  }

  async function readOpen(): Promise<Map<string, OpenAlert>> {
    const rows = await store.database.db
      .select()
      .from(alerts)
      .where(and(ne(alerts.state, 'cleared'), inArray(alerts.kind, [...WATCHED_KINDS])));
    episodes ??= resumed(
      rows.map((row) => ({
        kind: row.kind as WatchedKind,
        subject: subjectOf(row),
        zone: row.zone,
        level: row.level,
        details: row.details,
      })),
    );
    return new Map(
      rows.map((row) => [`${row.kind} ${row.subjectKey}`, { key: row.subjectKey, level: row.level }]),
    );
  }

  async function pass(): Promise<void> {
    if (!(await leads())) {
      episodes = null;
      plan = null;
      return;
    }
    const facts = await refresh();
    const nowMs = store.clock();
    episodes = detect(episodes ?? NO_EPISODES, {
      ...facts,
      nowMs,
      listeningSinceMs,
      devices,
      positions: readPositions(deps.fleet),
    });
    await raiseWhatCounts(episodes, facts, nowMs);
    await clearWhatIsOver(episodes);
    if (nowMs - forgotMs > FORGET_EVERY_MS) {
      forgotMs = nowMs;
      await forgetOldAlerts(store);
    }
  }

  async function raiseWhatCounts(now: Episodes, facts: PlanFacts, nowMs: number): Promise<void> {
    for (const [key, { phase, reading }] of now) {
      if (phase !== 'raised') continue;
      const known = open.get(key);
      if (known !== undefined && levelReaches(known.level, reading.level)) continue;
      if (known === undefined && (cooling.get(key) ?? 0) > nowMs) continue;
      const result = await raiseAlert(store, reading, facts.rules.alerts.coolDownS);
      if (result.outcome === 'cooling') cooling.set(key, result.untilMs);
      else {
        cooling.delete(key);
        open.set(key, { key: subjectKey(reading.subject), level: reading.level });
      }
      isOutdated = true;
    }
    for (const [key, untilMs] of cooling) if (untilMs <= nowMs && !now.has(key)) cooling.delete(key);
  }

  async function clearWhatIsOver(now: Episodes): Promise<void> {
    for (const [key, alert] of open) {
      const phase = now.get(key)?.phase;
      if (phase === 'raised' || phase === 'falling') continue;
      await clearByItself(store, key.split(' ')[0] as WatchedKind, alert.key);
      open.delete(key);
    }
  }

  function look(): Promise<void> {
    running ??= pass()
      .catch((error: unknown) => {
        // What was read in part must not be taken for all there is: open alerts would end by it.
        plan = null;
        devicesReadMs = -Infinity;
        log.error({ err: error }, 'the room could not be looked at for alerts; tried again');
      })
      .finally(() => {
        running = null;
      });
    return running;
  }

  const unsubscribe = store.bus.onWake(() => (isOutdated = true));
  const timer = tickMs === null ? null : setInterval(() => void look(), tickMs);
  timer?.unref();
  return {
    look,
    async stop() {
      unsubscribe();
      if (timer !== null) clearInterval(timer);
      await running;
      await releaseLease(store.database, LEASE, holder).catch(() => undefined);
    },
  };
}
