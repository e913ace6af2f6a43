import { extendTrail, newestT, type CheckedFix, type TrailEnd } from './filters.ts';
import type { RowSource, Settled, TrackRow, TrailStore } from './trail-store.ts';

/** The fixes of one frame (or HTTP request) and who waits for them. */
export interface IngestJob extends RowSource {
  fixes: readonly CheckedFix[];
  /** The truck the device was fitted to at an instant (ms since the epoch). */
  truckAt(t: number): number;
  /** After the commit of the last of its fixes; flagged ones are among the stored. */
  done(stored: number, duplicate: number, flagged: number): void;
  /** The fixes will not be stored: the server stops, or the database refuses them. Nothing is acknowledged. */
  failed(): void;
}

export interface IngestLimits {
  /** Rows of one statement. */
  batchRows: number;
  /** Statements under way at once. */
  parallel: number;
  /** Rows that must wait before a second statement goes beside a running one. */
  pipelineRows: number;
  /** Fixes of a frame that still counts as live: longer ones are a backlog, and step aside for the live ones. */
  liveFrameFixes: number;
  /** Rows accepted and not yet committed, above which the senders are paused, and below which they go on. */
  highWaterRows: number;
  lowWaterRows: number;
}

export const INGEST_LIMITS: IngestLimits = {
  batchRows: 2_000,
  parallel: 2,
  pipelineRows: 600,
  liveFrameFixes: 20,
  highWaterRows: 24_000,
  lowWaterRows: 8_000,
};

export interface IngestCounters {
  stored: number;
  duplicate: number;
  flagged: number;
  batches: number;
  settledBatches: number;
  failedBatches: number;
  queued: number;
  /** Largest number of rows that waited at once. */
  queuedMax: number;
  /** How often senders had to be paused. */
  pressures: number;
}

export interface IngestDeps {
  store: TrailStore;
  /** The newest plausible fix of a device, after its commit. */
  onLatest(row: TrackRow): void;
  /** A plausible fix older than the newest of its device, after its commit. */
  onLate?(row: TrackRow): void;
  /** True: pause the senders. False: go on. */
  onPressure(high: boolean): void;
  /** A statement failed; called before it is tried again. May repair what is missing (partitions). */
  onFailure(error: unknown, attempt: number): Promise<void>;
  limits?: Partial<IngestLimits>;
}

export interface Ingest {
  submit(job: IngestJob): void;
  /** A device will send: its trail is read now, so that its first fix need not wait for that. */
  expect(deviceId: number): void;
  counters(): IngestCounters;
  /** Milliseconds from a batch's first fix to its commit, of the last batches. */
  onBatch?: (tookMs: number, rows: number) => void;
  onCommitted?: (counts: { stored: number; duplicate: number; flagged: number }) => void;
  /** Forgets the ends of trails kept for a device that went away. */
  forget(deviceId: number): void;
  /** Resolves when everything submitted is committed or failed; after `withinMs` the rest fails. */
  drain(withinMs: number): Promise<void>;
}

/** One fix under way; its source is the job that waits for it. */
interface Entry extends TrackRow {
  source: Job;
}

interface Job extends IngestJob {
  waiting: number;
  stored: number;
  duplicate: number;
  flagged: number;
  isFailed: boolean;
}

/** What this instance knows of a device's trail, and what of it is under way. */
interface Trail {
  deviceId: number;
  /** Null = not known: the next fix goes through settling, which reads it. */
  end: TrailEnd | null;
  /** Appends queued or running. Settling waits for them. */
  appending: number;
  /** While settling, or waiting for it, every further fix waits here. */
  late: Entry[] | null;
}

/** Errors after which rows of a sound connection are given up, so that they do not block the others. */
const GIVE_UP_ATTEMPTS = 8;
/** The part of a statement that a backlog may always have: live fixes go first and starve nobody. */
const BACKLOG_SHARE = 1 / 4;

/**
 * Collects fixes into statements. Fixes newer than everything of their device are flagged in memory and appended,
 * several statements at once; all others are settled in transactions of their own. A failed append becomes a
 * settling, which finds out by itself what is stored. The queue is bounded by pausing the senders.
 */
export function createIngest(deps: IngestDeps): Ingest {
  const limits = { ...INGEST_LIMITS, ...deps.limits };
  const trails = new Map<number, Trail>();
  const settleQueue = new Set<Trail>();
  let live: Entry[] = [];
  let backlog: Entry[] = [];
  let appends = 0;
  let settling = false;
  let retryTimer: NodeJS.Timeout | null = null;
  let attempt = 0;
  let pumpPlanned = false;
  let isPressed = false;
  let stopped = false;
  let idle: (() => void) | null = null;
  const counters: IngestCounters = {
    stored: 0,
    duplicate: 0,
    flagged: 0,
    batches: 0,
    settledBatches: 0,
    failedBatches: 0,
    queued: 0,
    queuedMax: 0,
    pressures: 0,
  };

  function submit(given: IngestJob): void {
    if (stopped) return given.failed();
    const { deviceId, receivedAtMs, fixes, truckAt, done, failed } = given;
    if (fixes.length === 0) return done(0, 0, 0);
    const job: Job = {
      deviceId,
      receivedAtMs,
      fixes,
      truckAt,
      done,
      failed,
      waiting: fixes.length,
      stored: 0,
      duplicate: 0,
      flagged: 0,
      isFailed: false,
    };
    const trail = trailOf(deviceId);
    const sorted = fixes.length === 1 ? fixes : [...fixes].sort((a, b) => a.t - b.t);
    for (const fix of sorted) {
      enqueue(trail, { source: job, truckId: truckAt(fix.t), fix, flag: null });
    }
    counters.queued += sorted.length;
    counters.queuedMax = Math.max(counters.queuedMax, counters.queued);
    if (!isPressed && counters.queued >= limits.highWaterRows) {
      isPressed = true;
      counters.pressures += 1;
      deps.onPressure(true);
    }
    planPump();
  }

  function trailOf(deviceId: number): Trail {
    let trail = trails.get(deviceId);
    if (!trail) trails.set(deviceId, (trail = { deviceId, end: null, appending: 0, late: null }));
    return trail;
  }

  function enqueue(trail: Trail, entry: Entry): void {
    if (trail.late === null && trail.end !== null && entry.fix.t > newestT(trail.end)) {
      const step = extendTrail(trail.end, entry.fix);
      trail.end = step.end;
      entry.flag = step.flag;
      trail.appending += 1;
      (entry.source.fixes.length <= limits.liveFrameFixes ? live : backlog).push(entry);
      return;
    }
    trail.late ??= [];
    trail.late.push(entry);
    settleQueue.add(trail);
  }

  /** One pump a turn of the event loop: frames that arrive together share a statement. */
  function planPump(): void {
    if (pumpPlanned) return;
    pumpPlanned = true;
    setImmediate(() => {
      pumpPlanned = false;
      pump();
    });
  }

  function pump(): void {
    for (
      let waiting = live.length + backlog.length;
      waiting > 0 && appends < limits.parallel && (appends === 0 || waiting >= limits.pipelineRows);
      waiting = live.length + backlog.length
    ) {
      void append(takeFresh());
    }
    if (!settling && retryTimer === null) {
      const { batch, devices } = takeLate();
      if (devices.length > 0) void settle(batch, devices);
    }
    if (idle && isIdle()) idle();
  }

  function takeFresh(): Entry[] {
    if (live.length + backlog.length <= limits.batchRows) {
      const all = backlog.length === 0 ? live : live.concat(backlog);
      live = [];
      backlog = [];
      return all;
    }
    const sure = Math.min(backlog.length, Math.floor(limits.batchRows * BACKLOG_SHARE));
    const batch = live.splice(0, limits.batchRows - sure);
    for (const entry of backlog.splice(0, limits.batchRows - batch.length)) batch.push(entry);
    return batch;
  }

  function takeLate(): { batch: Entry[]; devices: number[] } {
    const batch: Entry[] = [];
    const devices: number[] = [];
    for (const trail of settlingOrder()) {
      if (trail.appending > 0) continue;
      settleQueue.delete(trail);
      if (trail.late === null) continue;
      devices.push(trail.deviceId);
      // A device is settled whole: what is left of it would be late again.
      for (const entry of trail.late) batch.push(entry);
      trail.late = [];
      if (batch.length >= limits.batchRows || devices.length >= limits.batchRows) break;
    }
    return { batch, devices };
  }

  /** Who waits longest comes first, so that nobody starves; then the short ones, so that one backlog delays few. */
  function settlingOrder(): Trail[] {
    const [first, ...others] = settleQueue;
    if (first === undefined) return [];
    return [first, ...others.sort((a, b) => (a.late?.length ?? 0) - (b.late?.length ?? 0))];
  }

  async function append(batch: Entry[]): Promise<void> {
    appends += 1;
    const startedAt = performance.now();
    let isWritten = false;
    try {
      isWritten = await deps.store.append(batch);
    } catch (error) {
      counters.failedBatches += 1;
      await deps.onFailure(error, 1).catch(() => undefined);
    }
    appends -= 1;
    if (isWritten) {
      counters.batches += 1;
      ingest.onBatch?.(performance.now() - startedAt, batch.length);
      committed(batch, () => true);
    } else {
      for (const entry of batch) askToSettle(trailOf(entry.source.deviceId)).push(entry);
    }
    for (const entry of batch) trailOf(entry.source.deviceId).appending -= 1;
    pump();
  }

  async function settle(batch: Entry[], devices: readonly number[]): Promise<void> {
    settling = true;
    const startedAt = performance.now();
    let settled: Settled<Entry> | null = null;
    try {
      settled = await deps.store.settle(batch, devices);
    } catch (error) {
      counters.failedBatches += 1;
      attempt += 1;
      await deps.onFailure(error, attempt).catch(() => undefined);
      if (!isConnectionError(error) && attempt >= GIVE_UP_ATTEMPTS) giveUp(batch, devices);
      else putBack(batch, devices);
    }
    settling = false;
    if (settled) {
      attempt = 0;
      counters.batches += 1;
      counters.settledBatches += 1;
      ingest.onBatch?.(performance.now() - startedAt, batch.length);
      const { stored, ends } = settled;
      for (const [deviceId, end] of ends) release(trailOf(deviceId), end);
      committed(batch, (entry) => stored.has(entry), ends);
    } else if (!stopped) {
      retryTimer = setTimeout(
        () => {
          retryTimer = null;
          pump();
        },
        Math.min(5_000, 50 * 2 ** Math.min(attempt, 10)),
      );
    }
    pump();
  }

  /** The trail is known again; what arrived meanwhile is looked at anew. */
  function release(trail: Trail, end: TrailEnd): void {
    const arrived = trail.late ?? [];
    trail.end = end;
    trail.late = null;
    settleQueue.delete(trail);
    for (const entry of arrived) enqueue(trail, entry);
  }

  function putBack(batch: readonly Entry[], devices: readonly number[]): void {
    for (const deviceId of devices) askToSettle(trailOf(deviceId));
    for (const entry of batch) askToSettle(trailOf(entry.source.deviceId)).push(entry);
  }

  /** The fixes of this trail that wait to be settled. */
  function askToSettle(trail: Trail): Entry[] {
    trail.end = null;
    trail.late ??= [];
    settleQueue.add(trail);
    return trail.late;
  }

  function giveUp(batch: readonly Entry[], devices: readonly number[]): void {
    attempt = 0;
    failJobs(batch);
    counters.queued -= batch.length;
    for (const trail of devices.map(trailOf)) {
      trail.end = null;
      if (trail.late?.length === 0) trail.late = null;
      else settleQueue.add(trail);
    }
    relieve();
  }

  function failJobs(entries: readonly Entry[]): void {
    for (const { source: job } of entries) {
      if (job.isFailed) continue;
      job.isFailed = true;
      job.failed();
    }
  }

  function committed(
    batch: readonly Entry[],
    isStored: (entry: Entry) => boolean,
    ends?: ReadonlyMap<number, TrailEnd>,
  ): void {
    const latest = new Map<number, Entry>();
    const finished: Job[] = [];
    const counts = { stored: 0, duplicate: 0, flagged: 0 };
    for (const entry of batch) {
      const job = entry.source;
      if (isStored(entry)) {
        job.stored += 1;
        counts.stored += 1;
        if (entry.flag !== null) {
          job.flagged += 1;
          counts.flagged += 1;
        } else if (isNewest(entry, latest.get(job.deviceId), ends)) latest.set(job.deviceId, entry);
      } else {
        job.duplicate += 1;
        counts.duplicate += 1;
      }
      job.waiting -= 1;
      if (job.waiting === 0 && !job.isFailed) finished.push(job);
    }
    counters.queued -= batch.length;
    counters.stored += counts.stored;
    counters.duplicate += counts.duplicate;
    counters.flagged += counts.flagged;
    ingest.onCommitted?.(counts);
    for (const row of latest.values()) deps.onLatest(row);
    if (ends && deps.onLate) {
      for (const entry of batch) {
        const newest = ends.get(entry.source.deviceId)?.good?.t ?? -Infinity;
        if (entry.flag === null && entry.fix.t < newest && isStored(entry)) deps.onLate(entry);
      }
    }
    for (const job of finished) job.done(job.stored, job.duplicate, job.flagged);
    relieve();
  }

  function isNewest(entry: Entry, so: Entry | undefined, ends?: ReadonlyMap<number, TrailEnd>): boolean {
    if (ends) return ends.get(entry.source.deviceId)?.good?.t === entry.fix.t;
    return so === undefined || entry.fix.t > so.fix.t;
  }

  function isIdle(): boolean {
    return counters.queued === 0 && appends === 0 && !settling;
  }

  function relieve(): void {
    if (!isPressed || counters.queued > limits.lowWaterRows) return;
    isPressed = false;
    deps.onPressure(false);
  }

  const ingest: Ingest = {
    submit,
    expect(deviceId) {
      const trail = trailOf(deviceId);
      if (trail.end !== null || trail.late !== null || stopped) return;
      askToSettle(trail);
      planPump();
    },
    counters: () => ({ ...counters }),
    forget(deviceId) {
      const trail = trails.get(deviceId);
      if (trail && trail.appending === 0 && trail.late === null) trails.delete(deviceId);
    },
    async drain(withinMs) {
      if (!isIdle()) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, withinMs);
          idle = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        idle = null;
      }
      stopped = true;
      if (retryTimer) clearTimeout(retryTimer);
      failJobs(live);
      failJobs(backlog);
      for (const trail of settleQueue) failJobs(trail.late ?? []);
    },
  };
  return ingest;
}

/** The database is away, full or starting: it will be back, and nothing is wrong with the rows. */
function isConnectionError(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && /^(E[A-Z]+|CONNECT|08|57P|53|58)/.test(code);
}
