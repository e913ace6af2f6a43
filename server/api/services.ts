import { DomainError } from '../../shared/errors.ts';
import type { RateLimiter } from '../access/limiter.ts';
import type { Config } from '../config.ts';
import type { Dispatch } from '../dispatch/dispatch.ts';
import type { Store } from '../events/store.ts';
import type { LiveHub } from '../live/hub.ts';
import type { DeviceHealth } from '../telemetry/device-health.ts';
import type { Metrics } from '../ops/metrics.ts';
import type { Verbosity } from '../ops/verbosity.ts';

/** What the API writes to; pino fits. */
export interface Log {
  info(fields: object, message?: string): void;
  warn(fields: object, message?: string): void;
  error(fields: object, message?: string): void;
  debug(fields: object, message?: string): void;
}

export type ProbeResult = { ok: true; [detail: string]: unknown } | { ok: false; [detail: string]: unknown };

/** Each answers within two seconds or is counted as failed. One that is absent is shown as `disabled`. */
export interface HealthProbes {
  /** The router: `kind` embedded or osrm, `degraded` when only the fallback answers. */
  router?: () => Promise<ProbeResult>;
  redis?: () => Promise<ProbeResult>;
  /** Schema at the version this program knows. */
  migrations?: () => Promise<ProbeResult>;
  /** Further parts, by their name in the answer: gateway, planner, backup … They degrade, never break. */
  [part: string]: (() => Promise<ProbeResult>) | undefined;
}

/** An OSRM v1 answer: the path behind `/osrm`, with its query, in; status and JSON out. */
export type OsrmTransport = (pathAndQuery: string) => Promise<{ status: number; body: unknown }>;

/** Base-map tiles, gzipped; null where there is nothing to draw. */
export interface TileStore {
  gzippedTile(z: number, x: number, y: number): Uint8Array | null;
}

/** What the HTTP server counts; the product's own metrics fit. */
export type HttpMetrics = Pick<
  Metrics,
  'text' | 'contentType' | 'httpSeconds' | 'unexpectedErrors' | 'partUp' | 'dbPingSeconds'
>;

/** Everything the API needs; main.ts fills it. */
export interface Services {
  store: Store;
  config: Config;
  log: Log;
  limiter: RateLimiter;
  probes: HealthProbes;
  /** Version of this build, shown by /health and /client-config. */
  release: string;
  /** Plans; absent where nothing plans (a tool, a narrow test). */
  dispatch?: Dispatch;
  metrics?: HttpMetrics;
  /** Reads what is only worth asking when somebody scrapes. */
  measure?: () => Promise<void>;
  osrm?: OsrmTransport;
  /** The streets a place lies at, as people say it; null when unknown. Never throws. */
  addressOf?: (place: { lat: number; lon: number }) => Promise<string | null>;
  tiles?: TileStore;
  live?: LiveHub;
  /** Public half of the installation's own key for web push. */
  pushKey?: () => Promise<string>;
  /** What each device does, by this instance's counters. */
  deviceHealth?: () => Promise<DeviceHealth[]>;
  /** True from when the stop has begun: no new work, please. */
  isStopping?: () => boolean;
  /** How much the log says; absent where it cannot be changed. */
  verbosity?: Verbosity;
  /** True when the streets are invented: the map says so. */
  synthetic?: () => boolean;
  /** Folder of the built client; absent in tests. */
  clientDir?: string;
}

/** @throws DomainError `shutting-down` while planning is not wired */
export function dispatchOf(services: Services): Dispatch {
  if (services.dispatch === undefined) throw new DomainError('shutting-down', 'Planning is not available.');
  return services.dispatch;
}
