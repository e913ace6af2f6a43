import { clearSystemAlert, raiseSystemAlert } from '../../alerts/system.ts';
import type { Config } from '../../config.ts';
import { holdLease, releaseLease } from '../../dispatch/lease.ts';
import type { Store } from '../../events/store.ts';
import type { Logger } from '../log.ts';
import { installedAt, newest, record, type RecordKind } from '../records.ts';
import { failureText } from '../tool-failure.ts';
import { makeBackup } from './make.ts';
import { bringOffSite } from './off-site.ts';
import { openForTool } from './open.ts';
import { deleteOutdated } from './retention.ts';
import { createS3Store, type S3Options } from './s3.ts';
import { dueNow, isOverdue, type BackupHistory } from './schedule.ts';

export interface Nightly {
  /** Looks at the clock and does what is due, if this instance leads. Never throws. */
  tick(): Promise<void>;
  /** For /health: degraded when the last good backup is over 26 h ago. */
  probe(): { ok: true; degraded: boolean; [detail: string]: unknown };
  /** For /metrics: seconds since the epoch, 0 when there never was one. */
  lastBackupS(): number;
  /** Ticks every half minute; returns its end. */
  start(): () => void;
}

export interface NightlyDeps {
  store: Store;
  config: Pick<Config, 'backup' | 's3' | 'databaseUrl' | 'dataDir'>;
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** This instance's name, as the lease knows it. */
  holder: string;
  s3?: S3Options;
}

const LEASE = 'backup';
const LEASE_S = 180;
const RENEW_MS = 60_000;
const TICK_MS = 30_000;
const RECORDED_BY = 'schedule';

/**
 * The backups that make themselves: at their hour one, at the next hour the way off-site, what is too old deleted in
 * both places. One instance at a time does it; what became of it is recorded, where every instance reads it.
 */
export function createNightly(deps: NightlyDeps): Nightly {
  const { store, config, log, holder } = deps;
  const hours = { at: config.backup.at, uploadAt: config.s3 ? config.backup.uploadAt : null };
  let history: BackupHistory | null = null;
  let lastProblem: string | null = null;
  let isBusy = false;
  let isStopped = false;

  async function readHistory(): Promise<BackupHistory> {
    const { sql } = store.database;
    const [installed, backup, goodBackup, upload, goodUpload] = await Promise.all([
      history ? new Date(history.installedMs) : installedAt(sql),
      newest(sql, 'backup'),
      newest(sql, 'backup', { good: true }),
      newest(sql, 'upload'),
      newest(sql, 'upload', { good: true }),
    ]);
    const failed = [backup, upload].find((entry) => entry && !entry.ok);
    lastProblem = failed ? String(failed.detail.problem ?? 'failed') : null;
    return {
      installedMs: installed.getTime(),
      lastGoodBackupMs: goodBackup?.at.getTime() ?? null,
      lastGoodUploadMs: goodUpload?.at.getTime() ?? null,
      failedBackupMs: backup && !backup.ok ? backup.at.getTime() : null,
      failedUploadMs: upload && !upload.ok ? upload.at.getTime() : null,
    };
  }

  async function tick(): Promise<void> {
    if (isBusy || isStopped) return;
    isBusy = true;
    try {
      history = await readHistory();
      if (dueNow(history, hours, store.clock()) === null) return;
      if (!(await holdLease(store.database, LEASE, holder, LEASE_S))) return;
      const renewing = setInterval(() => {
        holdLease(store.database, LEASE, holder, LEASE_S).catch(() => undefined);
      }, RENEW_MS);
      try {
        // Another instance may have done it between the look and the lease.
        history = await readHistory();
        const due = dueNow(history, hours, store.clock());
        if (due) await attempt(due, due === 'backup' ? backUp : upload);
        history = await readHistory();
      } finally {
        clearInterval(renewing);
        await releaseLease(store.database, LEASE, holder);
      }
    } catch (error) {
      if (!isStopped) log.warn({ err: error }, 'the backups could not be looked after');
    } finally {
      isBusy = false;
    }
  }

  /** Does one of the two, and tells everybody how it went. */
  async function attempt(kind: RecordKind, act: () => Promise<Record<string, unknown>>): Promise<void> {
    const at = new Date(store.clock());
    const startedAt = performance.now();
    try {
      const detail = { ...(await act()), tookS: Math.round((performance.now() - startedAt) / 100) / 10 };
      await record(store.database.sql, { kind, at, ok: true, detail, recordedBy: RECORDED_BY });
      log.info(
        { kind, ...detail },
        kind === 'backup' ? 'a backup was made and read back' : 'backups are off-site',
      );
      await clearSystemAlert(store, 'backup-failed', kind);
    } catch (error) {
      if (isStopped) return;
      const problem = failureText(error).split('\n')[0] ?? '';
      log.error({ kind, problem }, kind === 'backup' ? 'the backup failed' : 'the backup is not off-site');
      await record(store.database.sql, { kind, at, ok: false, detail: { problem }, recordedBy: RECORDED_BY });
      await raiseSystemAlert(store, 'backup-failed', { message: problem, part: kind }, { part: kind });
    }
  }

  async function backUp(): Promise<Record<string, unknown>> {
    const { folder, keepDays } = config.backup;
    const now = new Date(store.clock());
    const database = await openForTool(config, log as Logger);
    try {
      const made = await makeBackup(database, config, { folder, now });
      const expired = await deleteOutdated(folder, keepDays, now);
      const rows = Object.values(made.footer.rows).reduce((sum, count) => sum + count, 0);
      const { path, bytes, sha256, format, footer } = made;
      return { path, bytes, sha256, format, rows, photos: footer.photos, expired: expired.length };
    } finally {
      await database.close();
    }
  }

  async function upload(): Promise<Record<string, unknown>> {
    if (!config.s3) return {};
    const { prefix, ...target } = config.s3;
    const { folder, keepDays } = config.backup;
    const done = await bringOffSite(folder, createS3Store(target, deps.s3), {
      prefix,
      keepDays,
      now: new Date(store.clock()),
    });
    return {
      path: `s3://${target.bucket}/${prefix}${done.newest}`,
      uploaded: done.uploaded.length,
      expired: done.expired.length,
      bytes: done.bytes,
    };
  }

  return {
    tick,
    probe() {
      // Before the first look nothing is known, and nothing is wrong.
      const degraded = history !== null && isOverdue(history, store.clock());
      const lastGood = history?.lastGoodBackupMs ?? null;
      return {
        ok: true,
        degraded,
        lastGoodAt: lastGood === null ? null : new Date(lastGood).toISOString(),
        ...(lastProblem !== null && { lastAttempt: 'failed' }),
      };
    },
    lastBackupS: () => (history?.lastGoodBackupMs ?? 0) / 1_000,
    start() {
      void tick();
      const timer = setInterval(() => void tick(), TICK_MS);
      timer.unref();
      return () => {
        isStopped = true;
        clearInterval(timer);
      };
    },
  };
}
