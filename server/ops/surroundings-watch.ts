import { clearSystemAlert, raiseSystemAlert } from '../alerts/system.ts';
import type { AlertDetails, SystemKind } from '../../shared/alerts.ts';
import { holdLease, releaseLease } from '../dispatch/lease.ts';
import type { Store } from '../events/store.ts';
import type { Logger } from './log.ts';

/** What is around the server, as it sees it now; null is "there is none" or "cannot be seen from here". */
export interface Surroundings {
  /** Bytes of the disk that holds the data. */
  disk(): { free: number; total: number } | null;
  isRouterUp(): boolean;
  isRedisUp: (() => boolean) | null;
  /** Until the public certificate ends; asked once a day. */
  certificateDays(): Promise<number | null>;
}

export interface SurroundingsWatch {
  /** Looks once, if this instance leads. Never throws. */
  tick(): Promise<void>;
  /** Looks every minute; returns its end, which gives the lease back. */
  start(): () => Promise<void>;
}

const LEASE = 'surroundings';
const LEASE_S = 150;
const TICK_MS = 60_000;
const DAY_MS = 86_400_000;
/** A hiccup is no alert: what is out must be out at two looks in a row. */
const LOOKS = 2;
const GIB = 1024 ** 3;
/** Low below either, well again above both and a bit more, so that it does not flap. */
const LOW = { bytes: GIB, share: 0.05 };
const WELL = { bytes: 1.2 * GIB, share: 0.06 };
const CERTIFICATE_DAYS = 14;

/** Tells the people who look after the installation, by alerts, what is going wrong around it; clears them by itself. */
export function watchSurroundings(deps: {
  store: Store;
  surroundings: Surroundings;
  holder: string;
  log: Pick<Logger, 'warn'>;
}): SurroundingsWatch {
  const { store, surroundings, holder, log } = deps;
  const outFor = new Map<SystemKind, number>();
  /** Kinds that are well and were said to be: nothing to say every minute. */
  const known = new Set<SystemKind>();
  let certificateAtMs = -Infinity;
  let busy: Promise<void> | null = null;
  let isStopped = false;

  /** @param isBad null is neither: it stays as it was */
  async function tell(kind: SystemKind, isBad: boolean | null, details: AlertDetails = {}): Promise<void> {
    if (isBad === true) await raiseSystemAlert(store, kind, details);
    else if (isBad === false && !known.has(kind)) await clearSystemAlert(store, kind);
    if (isBad === false) known.add(kind);
    else if (isBad === true) known.delete(kind);
  }

  async function look(): Promise<void> {
    const disk = surroundings.disk();
    if (disk) {
      const freeGib = Math.round((disk.free / GIB) * 10) / 10;
      await tell('disk-low', lowness(disk), { freeGib, message: `${freeGib} GiB` });
    }
    await tell('router-down', lasting('router-down', surroundings.isRouterUp()));
    if (surroundings.isRedisUp) await tell('redis-down', lasting('redis-down', surroundings.isRedisUp()));
    if (store.clock() - certificateAtMs < DAY_MS) return;
    certificateAtMs = store.clock();
    const days = await surroundings.certificateDays();
    const isSoon = days === null ? null : days < CERTIFICATE_DAYS;
    await tell('certificate-expiring', isSoon, days === null ? {} : { days, message: `${days} d` });
  }

  function lasting(kind: SystemKind, isUp: boolean): boolean | null {
    const looks = isUp ? 0 : (outFor.get(kind) ?? 0) + 1;
    outFor.set(kind, looks);
    return looks === 0 ? false : looks >= LOOKS ? true : null;
  }

  async function lookIfLeading(): Promise<void> {
    try {
      if (await holdLease(store.database, LEASE, holder, LEASE_S)) await look();
      // Whoever leads meanwhile may raise what this one would have to clear.
      else known.clear();
    } catch (error) {
      // A database that is out is told by /health; here nobody could be told.
      if (!isStopped) log.warn({ err: error }, 'what is around the server could not be looked at');
    }
  }

  return {
    async tick() {
      if (busy !== null || isStopped) return;
      busy = lookIfLeading().finally(() => (busy = null));
      await busy;
    },
    start() {
      const timer = setInterval(() => void this.tick(), TICK_MS);
      timer.unref();
      return async () => {
        isStopped = true;
        clearInterval(timer);
        await busy;
        await releaseLease(store.database, LEASE, holder).catch(() => undefined);
      };
    },
  };
}

/** True when room is short, false when there is enough, null in between. */
function lowness({ free, total }: { free: number; total: number }): boolean | null {
  if (free < LOW.bytes || free < LOW.share * total) return true;
  return free > WELL.bytes && free > WELL.share * total ? false : null;
}
