import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { ALERT_KINDS } from '../../shared/alerts.ts';

const FAST_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const FIX_AGE_S = [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300];
const SOLVE_S = [0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 30];

/** What a number is read from when somebody asks for `/metrics`, so that nothing is counted in two places. */
export interface MetricSources {
  /** Screens connected now, by feed. */
  liveSubscribers?: () => number;
  /** Devices connected now. */
  connectedDevices?: () => number;
  /** Fixes accepted and not yet committed. */
  ingestQueued?: () => number;
  /** How the way in is protected: what was held back, and what was shut out, since the start. */
  intake?: () => IntakeCounts;
  /** Room on the disk of the data folder, in bytes; null where it cannot be told. */
  disk?: () => { free: number; total: number } | null;
  /** When the last backup succeeded, in seconds since the epoch; 0 when none ever did. */
  lastBackupS?: () => number;
  /** Id of the newest event. */
  lastEventId?: () => number;
  /** Open alerts by kind. */
  openAlerts?: () => Promise<ReadonlyMap<string, number>>;
}

export interface IntakeCounts {
  /** Devices not being read now. */
  paused: number;
  /** Connections that have not yet said what they want. */
  halfOpen: number;
  /** How often all devices were paused, because the queue was at its high water. */
  pressures: number;
  /** Largest number of fixes that waited at once. */
  queuedMax: number;
  /** Statements that failed and were tried again. */
  failedBatches: number;
  /** Sockets shut, by why. */
  shut: { refused: number; revoked: number; flood: number; dead: number; silent: number };
}

export type Metrics = ReturnType<typeof createMetrics>;

/**
 * Every number the server tells about itself, in one place. Names follow Prometheus: base units, `_total` for
 * what only rises. Labels come from closed lists, so that a caller cannot grow the registry.
 */
export function createMetrics(sources: MetricSources = {}, options: { processMetrics?: boolean } = {}) {
  const registry = new Registry();
  registry.setDefaultLabels({ service: 'epagal' });
  // Event-loop delay, heap, CPU, open files: nodejs_* and process_*.
  if (options.processMetrics ?? true) collectDefaultMetrics({ register: registry });
  const registers = [registry];

  const gaugeOf = (name: string, help: string, read: (() => number) | undefined) =>
    read &&
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  gaugeOf('epagal_live_subscribers', 'Screens reading the live feed now', sources.liveSubscribers);
  gaugeOf('epagal_devices_connected', 'Trackers connected now', sources.connectedDevices);
  gaugeOf('epagal_ingest_queued_fixes', 'Fixes accepted and not yet committed', sources.ingestQueued);
  const { intake } = sources;
  const intakeOf = (read: (counts: IntakeCounts) => number) => intake && (() => read(intake()));
  gaugeOf(
    'epagal_devices_paused',
    'Trackers not being read now',
    intakeOf(({ paused }) => paused),
  );
  gaugeOf(
    'epagal_connections_half_open',
    'Connections that have not yet said what they want',
    intakeOf(({ halfOpen }) => halfOpen),
  );
  gaugeOf(
    'epagal_ingest_queued_fixes_max',
    'Most fixes that ever waited at once',
    intakeOf(({ queuedMax }) => queuedMax),
  );
  const countOf = (name: string, help: string, read: (counts: IntakeCounts) => number) =>
    intake &&
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read(intake()));
      },
    });
  countOf('epagal_ingest_pressures_total', 'Times all trackers were paused', ({ pressures }) => pressures);
  countOf(
    'epagal_ingest_failed_batches_total',
    'Statements that failed and were tried again',
    ({ failedBatches }) => failedBatches,
  );
  if (intake) {
    new Counter({
      name: 'epagal_connections_shut_total',
      help: 'Connections shut by why: refused, revoked, flood, dead, silent',
      labelNames: ['why'] as const,
      registers,
      collect() {
        this.reset();
        for (const [why, count] of Object.entries(intake().shut)) this.inc({ why }, count);
      },
    });
  }
  gaugeOf('epagal_disk_free_bytes', 'Room left on the disk of the data folder', disk(sources, 'free'));
  gaugeOf('epagal_disk_size_bytes', 'Size of the disk of the data folder', disk(sources, 'total'));
  gaugeOf(
    'epagal_backup_last_success_timestamp_seconds',
    'When the last verified backup was made; 0 when none ever was',
    sources.lastBackupS,
  );
  gaugeOf('epagal_event_log_last_id', 'Id of the newest event', sources.lastEventId);
  if (sources.openAlerts) {
    const { openAlerts } = sources;
    new Gauge({
      name: 'epagal_alerts_open',
      help: 'Alerts not yet cleared, by kind',
      labelNames: ['kind'] as const,
      registers,
      async collect() {
        // A database that is out or hangs leaves the last numbers: its own alarm is elsewhere.
        const open = await within(PATIENCE_MS, openAlerts()).catch(() => null);
        if (open === null) return;
        this.reset();
        for (const kind of ALERT_KINDS) this.set({ kind }, open.get(kind) ?? 0);
      },
    });
  }

  return {
    registry,
    ingestFixes: new Counter({
      name: 'epagal_ingest_fixes_total',
      help: 'Fixes by what became of them: stored, duplicate, flagged, rejected',
      labelNames: ['result'] as const,
      registers,
    }),
    ingestRejects: new Counter({
      name: 'epagal_ingest_rejects_total',
      help: 'Rejected fixes by reason word',
      labelNames: ['reason'] as const,
      registers,
    }),
    ingestAcks: new Counter({
      name: 'epagal_ingest_acks_total',
      help: 'Frames acknowledged after their commit',
      registers,
    }),
    ingestBatchSeconds: new Histogram({
      name: 'epagal_ingest_batch_seconds',
      help: 'From the first fix of a batch to its commit',
      buckets: FAST_S,
      registers,
    }),
    planSolveSeconds: new Histogram({
      name: 'epagal_plan_solve_seconds',
      help: 'Planner search by what asked for it',
      labelNames: ['kind'] as const,
      buckets: SOLVE_S,
      registers,
    }),
    planProposals: new Counter({
      name: 'epagal_plan_proposals_total',
      help: 'Proposals by how they ended: approved, rejected, superseded, expired',
      labelNames: ['end'] as const,
      registers,
    }),
    roadsRequestSeconds: new Histogram({
      name: 'epagal_roads_request_seconds',
      help: 'Answers of the router by service: table, route, nearest, match, trip',
      labelNames: ['service'] as const,
      buckets: FAST_S,
      registers,
    }),
    roadsDegraded: new Counter({
      name: 'epagal_roads_degraded_total',
      help: 'Answers made from the cache or a straight line because the router was out: table, route, match',
      labelNames: ['from'] as const,
      registers,
    }),
    alertDeliveries: new Counter({
      name: 'epagal_alert_deliveries_total',
      help: 'Attempts to deliver an alert by channel and result: sent, retried, failed (given up)',
      labelNames: ['channel', 'result'] as const,
      registers,
    }),
    httpSeconds: new Histogram({
      name: 'epagal_http_request_seconds',
      help: 'HTTP answers by route pattern and class of status',
      labelNames: ['method', 'route', 'status'] as const,
      buckets: FAST_S,
      registers,
    }),
    fixAgeSeconds: new Histogram({
      name: 'epagal_fix_age_seconds',
      help: 'Age of a position, by its device, when the live feed shows it',
      buckets: FIX_AGE_S,
      registers,
    }),
    partUp: new Gauge({
      name: 'epagal_part_up',
      help: 'What /health says of each part: 1 it works, 0.5 it makes do, 0 it is out',
      labelNames: ['part'] as const,
      registers,
    }),
    dbPingSeconds: new Gauge({
      name: 'epagal_db_ping_seconds',
      help: 'How long the database took for the simplest question, when last asked',
      registers,
    }),
    dbSizeBytes: new Gauge({
      name: 'epagal_db_size_bytes',
      help: 'Size of the database on its disk',
      registers,
    }),
    dbConnections: new Gauge({
      name: 'epagal_db_connections',
      help: 'Connections to the database, by state',
      labelNames: ['state'] as const,
      registers,
    }),
    unexpectedErrors: new Counter({
      name: 'epagal_unexpected_errors_total',
      help: 'Errors that are no domain answer',
      registers,
    }),
    /** The whole registry in Prometheus' text format. */
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

const PATIENCE_MS = 1_000;

/** A scrape waits for nobody: what takes longer is left out of it. */
async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('too late')), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function disk({ disk }: MetricSources, key: 'free' | 'total'): (() => number) | undefined {
  return disk && (() => disk()?.[key] ?? 0);
}
