import type { LiveTruck } from '../../shared/telemetry.ts';
import type { RateLimiter } from '../access/limiter.ts';
import { DomainError } from '../../shared/errors.ts';
import type { Config } from '../config.ts';
import type { Dispatch } from '../dispatch/dispatch.ts';
import type { Store } from '../events/store.ts';

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

/** A base-map tile: gzip bytes and their tag; null outside what is covered or where nothing is drawn. */
export type TileSource = (
  z: number,
  x: number,
  y: number,
) => Promise<{ body: Uint8Array; etag: string; gzip: boolean } | null>;

/** Prometheus text; prom-client's Registry fits. */
export interface MetricsRegistry {
  contentType: string;
  metrics(): Promise<string>;
}

/** Latest positions as the hub keeps them. */
export interface LivePositions {
  snapshot(): LiveTruck[];
}

/** Everything the API needs; main.ts fills it. */
export interface Services {
  store: Store;
  config: Config;
  log: Log;
  limiter: RateLimiter;
  probes: HealthProbes;
  /** Version of this build, shown by /health and /client-config. */
  release: string;
  /** Absent only where a test needs no planning. */
  dispatch?: Dispatch;
  metrics?: MetricsRegistry;
  osrm?: OsrmTransport;
  tiles?: TileSource;
  live?: LivePositions;
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
