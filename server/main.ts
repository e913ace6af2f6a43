import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../shared/time.ts';
import { refuseDemoLogins } from './access/demo-logins.ts';
import { counterStore, createLocalLimiter, createSharedLimiter, type RateLimiter } from './access/limiter.ts';
import { countOpenAlerts } from './alerts/count-open.ts';
import { pushKeyOf, startAlerting, type Alerting } from './alerts/start.ts';
import { buildHttp } from './api/http.ts';
import type { ProbeResult, Services } from './api/services.ts';
import type { Config } from './config.ts';
import { connectDatabase, type Database } from './db/connect.ts';
import { migrateUp, schemaState } from './db/migrate.ts';
import { watchClosures } from './dispatch/closures.ts';
import type { Dispatch, Planner } from './dispatch/dispatch.ts';
import { startFiller, type AlternativeFiller } from './dispatch/fill-alternatives.ts';
import { startReactor, type Reactor } from './dispatch/react.ts';
import { createLocalBus, createSharedBus, type EventBus } from './events/bus.ts';
import { followEvents } from './events/follow.ts';
import { headId } from './events/read.ts';
import { openRedisLink } from './events/redis-link.ts';
import type { Store } from './events/store.ts';
import { createNightly } from './ops/backup/nightly.ts';
import { daysOfCertificate } from './ops/doctor/certificate.ts';
import { createNight } from './history/night.ts';
import { watchVisits, type VisitWatch } from './history/visit-watch.ts';
import type { Logger } from './ops/log.ts';
import { databaseMeasure, diskOf } from './ops/measure.ts';
import { createMetrics, type IntakeCounts } from './ops/metrics.ts';
import { countEvent, observedPlanner, observedRoads, observedTransport } from './ops/observed.ts';
import { DIST, VERSION } from './ops/project.ts';
import { watchSurroundings } from './ops/surroundings-watch.ts';
import { createPlannerPool, PlannerCancelled, type PlannerPool } from './planning/pool.ts';
import { addressAt } from './roads/address.ts';
import { withClosures } from './roads/closure-transport.ts';
import { openMap, type OpenMap } from './roads/open-map.ts';
import { createRoads, httpTransport, workerTransport } from './roads/osrm-client.ts';
import type { Roads } from './roads/roads.ts';
import { createTelemetry, type Telemetry, type TelemetryStats } from './telemetry/index.ts';
import type { Verbosity } from './ops/verbosity.ts';

export interface StartOptions {
  log: Logger;
  /** The demo begins in the past and a headless run has a clock of its own; everybody else lives now. */
  clock?: Clock;
  /** Seconds (or, to repeat a run, iterations) of search for one proposal. */
  budget?: Dispatch['budget'];
  plannerThreads?: number;
  seed?: number;
  /** Folder whose `map/` holds the imported streets; the data folder unless said otherwise. */
  mapDataDir?: string;
  /** Where the product's own map lies, for when none was imported; what the build made unless said otherwise. */
  shippedMapDir?: string;
  /** How much the log says, where it may change while the server runs. */
  verbosity?: Verbosity;
  /** True brings the schema up first; otherwise one that is behind or ahead is refused. */
  migrate?: boolean;
}

/** The parts of a server, wired but not yet listening: also what the demo and headless runs act on directly. */
export interface Assembly {
  config: Config;
  store: Store;
  database: Database;
  roads: Roads;
  map: OpenMap;
  dispatch: Dispatch;
  telemetry: Telemetry;
  services: Services;
  http: FastifyInstance;
  /** Starts planning on its own initiative, and following the trucks' visits. */
  react(): Reactor;
  /** Listens; returns the URL on this machine. */
  listen(): Promise<string>;
  /** Drains sockets and batches, then closes everything, within ten seconds. */
  stop(): Promise<void>;
}

const DEFAULT_BUDGET_S = 0.4;
const EMBEDDED_PATIENCE_MS = 10_000;
const REDIS_PATIENCE_MS = 2_000;

/** Wires the house: the only place that knows every part. The schema is the caller's to check or migrate. */
export async function assemble(config: Config, options: StartOptions): Promise<Assembly> {
  const { log } = options;
  const clock = options.clock ?? Date.now;
  // The embedded database starts in its own process; a map that has to be imported is, meanwhile, in this one.
  const [database, map] = await Promise.all([
    openDatabase(config, log),
    openMap(options.mapDataDir ?? config.dataDir, options.shippedMapDir ?? DIST.map, log),
  ]);
  await settleSchema(database, options.migrate === true);
  if (config.mode === 'production') {
    await refuseDemoLogins(database).catch(async (refusal: unknown) => {
      await database.close();
      throw refusal;
    });
  }
  const redis = config.redisUrl === null ? null : openRedisLink(config.redisUrl, log);
  // A Redis that is out delays no start for long: it is used from when it answers.
  await redis?.settled(REDIS_PATIENCE_MS);
  const bus: EventBus = redis === null ? createLocalBus() : createSharedBus(redis, () => headId(database));
  const limiter: RateLimiter =
    redis === null ? createLocalLimiter(clock) : createSharedLimiter(counterStore(redis), clock);
  const store: Store = { database, clock, bus };

  const nightly =
    config.backup.at === null && config.backup.uploadAt === null
      ? null
      : createNightly({ store, config, log, holder: randomUUID() });

  let lastEventId = 0;
  let telemetryOf: Telemetry | null = null;
  const metrics = createMetrics({
    liveSubscribers: () => telemetryOf?.stats().screens ?? 0,
    connectedDevices: () => telemetryOf?.stats().gateway.connected ?? 0,
    ingestQueued: () => telemetryOf?.stats().ingest.queued ?? 0,
    intake: () => intakeCounts(telemetryOf?.stats()),
    lastEventId: () => lastEventId,
    openAlerts: () => countOpenAlerts(store),
    ...(nightly && { lastBackupS: nightly.lastBackupS }),
    disk: () => diskOf(config.dataDir),
  });
  const embedded = workerTransport(map.graphFile);
  const osrm = config.osrmUrl === null ? null : httpTransport(config.osrmUrl);
  // Invented streets are no stand-in for a real router's: closures are then only re-checked, and said to be unknown.
  const router = osrm === null ? embedded : map.synthetic ? osrm : withClosures(osrm, embedded);
  const transport = observedTransport(router, metrics);
  const roads = observedRoads(
    createRoads(transport, {
      engine: config.osrmUrl === null ? 'embedded' : 'osrm',
      now: () => performance.now(),
    }),
    metrics,
  );
  const planner = createPlannerPool({ threads: options.plannerThreads ?? 2 });
  const telemetry = await createTelemetry({
    store,
    log,
    redis,
    retentionDays: config.tracks.keepDays,
  });
  telemetryOf = telemetry;
  const dispatch: Dispatch = {
    store,
    roads,
    planner: observedPlanner(givingWay(planner), metrics),
    positionOf: (truckId) => telemetry.fleet.truck(truckId),
    budget: options.budget ?? { seconds: DEFAULT_BUDGET_S },
    seed: options.seed ?? 1,
  };
  const closures = await watchClosures(store, roads, (error) =>
    log.warn({ err: error }, 'the closures in force could not be told to the router; tried again'),
  );
  lastEventId = await headId(database);
  const stopCounting = followEvents(store, lastEventId, log, (event) => {
    lastEventId = event.id;
    countEvent(event, metrics);
  });
  telemetry.watch({
    onBatch: (tookMs) => metrics.ingestBatchSeconds.observe(tookMs / 1_000),
    onCommitted: ({ stored, duplicate, flagged }) => {
      metrics.ingestFixes.inc({ result: 'stored' }, stored);
      metrics.ingestFixes.inc({ result: 'duplicate' }, duplicate);
      metrics.ingestFixes.inc({ result: 'flagged' }, flagged);
    },
    onReject: (reason) => metrics.ingestRejects.inc({ reason }),
    onAck: () => metrics.ingestAcks.inc(),
  });

  let stopping: Promise<void> | null = null;
  const services: Services = {
    store,
    config,
    log,
    limiter,
    release: VERSION,
    dispatch,
    metrics,
    measure: databaseMeasure(database, metrics, () => performance.now()),
    osrm: embedded,
    // The embedded router loads its map with the first question and is worth that wait; a silent OSRM is not.
    addressOf: (place) =>
      addressAt(transport, place, config.osrmUrl === null ? EMBEDDED_PATIENCE_MS : undefined),
    tiles: map.tile,
    live: telemetry.live,
    deviceHealth: telemetry.deviceHealth,
    pushKey: pushKeyOf(store),
    verbosity: options.verbosity,
    isStopping: () => stopping !== null,
    synthetic: () => map.synthetic,
    clientDir: DIST.client,
    probes: {
      router: async () => roadsProbe(roads),
      migrations: async () => {
        const schema = await schemaState(database.sql);
        return { ok: schema.state === 'current', ...schema };
      },
      ...(nightly === null ? {} : { backup: async () => nightly.probe() }),
      ...(redis === null ? {} : { redis: async () => ({ ok: redis.isUp() }) }),
    },
  };
  const http = await buildHttp(services);
  telemetry.registerRoutes(http);
  telemetry.attach(http.server);

  let reactor: Reactor | null = null;
  let filler: AlternativeFiller | null = null;
  let visitWatch: VisitWatch | null = null;
  let stopNight: (() => Promise<void>) | null = null;
  let alerting: Alerting | null = null;
  let endNights: (() => void) | null = null;
  let endWatch: (() => Promise<void>) | null = null;
  const watch = watchSurroundings({
    store,
    log,
    holder: randomUUID(),
    surroundings: {
      disk: () => diskOf(config.dataDir),
      isRouterUp: () => roads.state().status === 'ok',
      isRedisUp: redis === null ? null : () => redis.isUp(),
      certificateDays: async () =>
        config.mode === 'production' && config.publicUrl !== null
          ? daysOfCertificate(config.publicUrl, new Date(clock()))
          : null,
    },
  });
  const close = async () => {
    endNights?.();
    await Promise.all([
      reactor?.stop(),
      alerting?.stop(),
      atMost(GOODBYE_MS, Promise.all([visitWatch?.stop(), stopNight?.(), endWatch?.()])),
    ]);
    planner.cancel(BACKGROUND);
    await filler?.stop();
    closures.stop();
    stopCounting();
    await telemetry.stop();
    await http.close();
    await planner.close();
    await roads.close();
    await bus.close();
    redis?.close();
    await database.close();
  };
  return {
    config,
    store,
    database,
    roads,
    map,
    dispatch,
    telemetry,
    services,
    http,
    react() {
      visitWatch ??= watchVisits({ store, holder: randomUUID(), log });
      stopNight ??= startNight(config, store, log);
      reactor ??= startReactor(dispatch, randomUUID(), log);
      // Not before: a run that holds the clock repeats itself, and work in the background keeps no order.
      filler ??= startFiller(dispatch, log, (error) => error instanceof PlannerCancelled, randomUUID());
      dispatch.onProposed = filler.offer;
      alerting ??= startAlerting({
        store,
        fleet: telemetry.fleet,
        skews: async () =>
          new Map((await telemetry.deviceHealth()).map((device) => [device.deviceId, device.skewS])),
        holder: randomUUID(),
        log,
        mail: config.mail,
        allowPrivate: config.webhookPrivateHosts,
        publicUrl: config.publicUrl,
        onDelivery: (channel, result) => metrics.alertDeliveries.inc({ channel, result }),
      });
      return reactor;
    },
    async listen() {
      await http.listen({ port: config.port, host: config.host });
      endNights = nightly?.start() ?? null;
      endWatch = watch.start();
      const address = http.server.address() as AddressInfo;
      const host = config.host === '0.0.0.0' || config.host === '::' ? '127.0.0.1' : config.host;
      return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
    },
    stop() {
      stopping ??= close();
      return stopping;
    },
  };
}

/** What may take long, such as rewriting a day of tracks, is left where it is: it is begun anew by whoever is next. */
const GOODBYE_MS = 3_000;

function atMost(ms: number, work: Promise<unknown>): Promise<unknown> {
  return Promise.race([work, new Promise((resolve) => setTimeout(resolve, ms).unref())]);
}

const BACKGROUND = 'background';

/** Searches nobody waits for make room for the others at once. */
function givingWay(planner: PlannerPool): Planner {
  return {
    solve(problem, { background, ...options }) {
      if (background === true) return planner.solve(problem, { ...options, key: BACKGROUND });
      planner.cancel(BACKGROUND);
      return planner.solve(problem, options);
    },
  };
}

/** Sums up the trucks' days and thins old tracks, at night. */
function startNight(config: Config, store: Store, log: Logger): (() => Promise<void>) | null {
  const { upkeepAt, thinAfterDays } = config.tracks;
  if (upkeepAt === null) return null;
  return createNight({ store, holder: randomUUID(), log, upkeepAt, thinAfterDays }).start();
}

/** The schema does not fit this program; the message is one line that names what to do. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';
}

/**
 * Brings the schema up, or makes sure that it is this program's own.
 * @throws SchemaError when it is behind or ahead; the database is closed then
 */
export async function settleSchema(database: Database, migrate: boolean): Promise<void> {
  if (migrate) await migrateUp(database.sql);
  const schema = await schemaState(database.sql);
  if (schema.state === 'current') return;
  await database.close();
  throw new SchemaError(
    schema.state === 'behind'
      ? `The database is at ${schema.current ?? 'no version'}, this program needs ${schema.latest}: run npm run db:migrate.`
      : `The database is ahead of this program (${schema.current}): start the newer release, or take back what it brought: npm run db:rollback -- --to ${schema.latest}.`,
  );
}

/** A running server: what `npm start` needs. */
export async function startServer(
  config: Config,
  options: StartOptions,
): Promise<{ url: string; assembly: Assembly; stop(): Promise<void> }> {
  const assembly = await assemble(config, options);
  try {
    const url = await assembly.listen();
    assembly.react();
    return { url, assembly, stop: () => assembly.stop() };
  } catch (error) {
    await assembly.stop();
    throw error;
  }
}

function openDatabase(config: Config, log: Logger): Promise<Database> {
  return config.databaseUrl === null
    ? connectDatabase({ log, dataDir: config.dataDir })
    : connectDatabase({ log, databaseUrl: config.databaseUrl });
}

function intakeCounts(stats: TelemetryStats | undefined): IntakeCounts {
  const { ingest, gateway } = stats ?? {};
  return {
    paused: gateway?.paused ?? 0,
    halfOpen: gateway?.halfOpen ?? 0,
    pressures: ingest?.pressures ?? 0,
    queuedMax: ingest?.queuedMax ?? 0,
    failedBatches: ingest?.failedBatches ?? 0,
    shut: {
      refused: gateway?.refused ?? 0,
      revoked: gateway?.revoked ?? 0,
      flood: gateway?.floods ?? 0,
      dead: gateway?.deadPeers ?? 0,
      silent: gateway?.halfOpenDropped ?? 0,
    },
  };
}

function roadsProbe(roads: Roads): ProbeResult {
  const state = roads.state();
  return { ok: state.status === 'ok', ...state };
}
