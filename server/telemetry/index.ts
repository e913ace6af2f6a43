import { randomInt, randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { RejectReason } from '../../shared/telemetry.ts';
import { authenticateApiToken } from '../access/api-tokens.ts';
import { authenticateDevice, deviceById, deviceByUniqueId } from '../access/devices.ts';
import type { RedisLink } from '../events/redis-link.ts';
import type { Store } from '../events/store.ts';
import { createLiveHub, type LiveHub } from '../live/hub.ts';
import { createFleetFanout } from '../live/redis-fanout.ts';
import { createDeviceLatestWriter, readLatestFixes } from './device-latest.ts';
import { watchDevices } from './device-changes.ts';
import { deviceHealth, type DeviceHealth } from './device-health.ts';
import { createFleetState, type DeviceFix, type DeviceKind, type FleetState } from './fleet-state.ts';
import { createFixTrace } from './fix-trace.ts';
import { createGateway, type GatewayCounters, type GatewayOptions } from './gateway.ts';
import { createIngest, type IngestCounters, type IngestLimits } from './ingest.ts';
import { createIntake, type Device } from './intake.ts';
import { createPartitions } from './partitions.ts';
import { registerTrackerRoutes } from './tracker-routes.ts';
import { createLateTracks } from './tracks-late.ts';
import { exchangeTallies } from './tally-exchange.ts';
import { createTrailStore, type TrackRow } from './trail-store.ts';

export interface TelemetryDeps {
  store: Store;
  log: {
    info(fields: object, message?: string): void;
    warn(fields: object, message?: string): void;
    error(fields: object, message?: string): void;
  };
  /** Days of tracks kept before today. */
  retentionDays?: number;
  gateway?: Partial<GatewayOptions>;
  ingest?: Partial<IngestLimits>;
  /** The live feed's tick in ms. */
  tickMs?: number;
  /** How often instances tell each other what they count of their devices, in ms. */
  tallyMs?: number;
  /** Redis between instances; without it each shows its own trucks. */
  redis?: RedisLink | null;
}

export interface TelemetryStats {
  ingest: IngestCounters;
  gateway: GatewayCounters;
  rejected: Record<RejectReason, number>;
  screens: number;
}

/** What metrics want to be told as it happens. */
export interface TelemetryWatch {
  onBatch?: (tookMs: number, rows: number) => void;
  /** Fixes of a commit by what became of them; flagged ones are among the stored. */
  onCommitted?: (counts: { stored: number; duplicate: number; flagged: number }) => void;
  onReject?: (reason: RejectReason) => void;
  /** A frame was acknowledged, or an HTTP request answered, after its commit. */
  onAck?: () => void;
}

export interface Telemetry {
  /** Serves `WS /gps` of an HTTP server. */
  attach(server: Server): void;
  /** Adds the HTTP trackers' paths. */
  registerRoutes(app: FastifyInstance): void;
  fleet: FleetState;
  live: LiveHub;
  stats(): TelemetryStats;
  deviceHealth(): Promise<DeviceHealth[]>;
  watch(watch: TelemetryWatch): void;
  /** Reads nothing more, commits and acknowledges what was read, says goodbye; within 10 s. */
  stop(): Promise<void>;
}

const RETENTION_DAYS = 400;
const DRAIN_MS = 7_000;
const GOODBYE_MS = 2_000;
const LATEST_MS = 900;

/** The position flow: devices in, commits, acknowledgements, fleet state, live feed. Ready when it resolves. */
export async function createTelemetry(deps: TelemetryDeps): Promise<Telemetry> {
  const { store, log } = deps;
  const { database, clock, bus } = store;
  const partitions = createPartitions({
    sql: database.sql,
    clock,
    retentionDays: deps.retentionDays ?? RETENTION_DAYS,
    log,
  });
  await partitions.maintain();
  const stopPartitions = partitions.start();

  const fleet = createFleetState(clock);
  for (const fix of await readLatestFixes(database.sql)) fleet.apply(fix);
  const live = createLiveHub(fleet, deps.tickMs);
  const latest = createDeviceLatestWriter(database.sql, log);
  for (const fix of fleet.deviceFixes()) latest.note(fix);
  const stopLatest = latest.start();

  const kinds = new Map<number, DeviceKind>();
  const instance = randomUUID();
  const fanout = deps.redis
    ? createFleetFanout({
        link: deps.redis,
        instance,
        onRemote: (fix) => void fleet.apply(fix),
        tickMs: deps.tickMs,
      })
    : null;
  const late = createLateTracks(database.sql, log);
  const ingest = createIngest({
    store: createTrailStore(database.sql, randomInt(1, 2 ** 31 - 1)),
    limits: deps.ingest,
    onLatest(row) {
      const fix = deviceFixOf(row, kinds.get(row.source.deviceId) ?? 'tracker');
      if (!fleet.apply(fix)) return;
      latest.note(fix);
      fanout?.note(fix);
    },
    onLate: (row) => late.note(row.truckId, row.fix.t),
    onPressure: (high) => gateway.setPressure(high),
    async onFailure(error, attempt) {
      log.warn({ err: error, attempt }, 'a batch of fixes was not committed; tried again');
      // A day without its partition: a clock that jumped, or a server that slept.
      if ((error as { code?: unknown }).code === '23514') await partitions.maintain();
    },
  });
  const intake = createIntake({ ingest, clock, oldestMs: partitions.oldestMs });
  const fixTrace = createFixTrace(() => performance.now());
  fixTrace.watch(intake);
  live.onTick((update) => fixTrace.onTick(update, live.subscribers()));
  live.onDelivered = fixTrace.onDelivered;
  const tallies = deps.redis
    ? exchangeTallies({ link: deps.redis, instance, own: intake.tallies, clock, everyMs: deps.tallyMs })
    : null;
  let isStopping = false;

  async function known(find: Promise<Device | null>): Promise<Device | null> {
    const device = await find;
    if (!device) return null;
    kinds.set(device.id, device.kind);
    latest.seen(device.id, clock());
    return device;
  }
  const authenticate = (token: string) => known(authenticateDevice(database, token));

  const gateway = createGateway({
    authenticate,
    intake,
    clock,
    log,
    onHere: ingest.expect,
    onGone: (deviceId) => ingest.forget(deviceId),
    options: deps.gateway,
  });
  const stopSigns = noteSigns();
  const changes = await watchDevices(database, bus, log, {
    revoked: gateway.revoke,
    async moved(deviceId) {
      const device = await deviceById(database, deviceId);
      if (device) gateway.update(device);
    },
  });
  live.start();

  /** Every connected device that sent something since the last look was seen. */
  function noteSigns(): () => void {
    let lookedAtMs = clock();
    const timer = setInterval(() => {
      const nowMs = clock();
      for (const [deviceId, tally] of intake.tallies) {
        if (tally.lastSeenAtMs >= lookedAtMs && tally.frames > 0) latest.seen(deviceId, tally.lastSeenAtMs);
      }
      lookedAtMs = nowMs;
    }, 5_000);
    timer.unref();
    return () => clearInterval(timer);
  }

  return {
    attach: gateway.attach,
    registerRoutes(app) {
      registerTrackerRoutes(app, {
        authenticate,
        deviceByUniqueId: (uniqueId) => known(deviceByUniqueId(database, uniqueId)),
        isPositionsToken: async (token) =>
          (await authenticateApiToken(database, token, 'positions')) !== null,
        intake,
        clock,
        shareOf: gateway.shareOf,
        isBusy: () => isStopping || ingest.counters().queued >= 50_000,
      });
    },
    fleet,
    live,
    stats: () => ({
      ingest: ingest.counters(),
      gateway: gateway.counters(),
      rejected: intake.rejectedByReason(),
      screens: live.subscribers(),
    }),
    deviceHealth: () => deviceHealth(database, fleet, tallies?.all() ?? intake.tallies, clock()),
    watch(watch) {
      ingest.onBatch = watch.onBatch;
      ingest.onCommitted = watch.onCommitted;
      intake.onReject = watch.onReject;
      intake.onAck = watch.onAck;
    },
    async stop() {
      isStopping = true;
      gateway.quiesce();
      await ingest.drain(DRAIN_MS);
      await gateway.close(GOODBYE_MS);
      stopSigns();
      changes.stop();
      stopPartitions();
      tallies?.stop();
      await fanout?.close();
      // Derived rows: a database that hangs must not hold up the stop.
      await Promise.race([Promise.all([stopLatest(), late.stop()]), setTimeout(LATEST_MS)]);
      live.stop();
    },
  };
}

function deviceFixOf({ source, truckId, fix }: TrackRow, kind: DeviceKind): DeviceFix {
  return {
    deviceId: source.deviceId,
    truckId,
    kind,
    t: fix.t,
    receivedAtMs: source.receivedAtMs,
    lat: fix.lat,
    lon: fix.lon,
    speed: fix.speed,
    heading: fix.heading,
    accuracy: fix.accuracy,
    battery: fix.battery,
    ignition: fix.ignition,
  };
}
