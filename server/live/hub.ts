import type { LiveTruck } from '../../shared/telemetry.ts';

/** What one tick changed: a single object, shared by every screen. */
export interface LiveUpdate {
  trucks: LiveTruck[];
}

/** Where changed trucks come from: the fleet's state. */
export interface LiveSource {
  takeChanged(): LiveTruck[];
  snapshot(): LiveTruck[];
}

/** Latest truck positions for screens. */
export interface LiveHub {
  snapshot(): LiveTruck[];
  /**
   * The snapshot, then what changed, until the signal aborts. Pull-driven: nothing is kept for a reader that does not
   * read; when it does, it gets the newest state of everything it missed.
   */
  updates(signal: AbortSignal): AsyncGenerator<LiveUpdate, void, void>;
  subscribers(): number;
  /** Called when a reader comes back for more: what it was given before has been written to it. */
  onDelivered?: (update: LiveUpdate) => void;
  /** Called after every tick that changed something. Returns the unsubscribe. */
  onTick(listener: (update: LiveUpdate) => void): () => void;
  start(): void;
  stop(): void;
}

export const TICK_MS = 250;

export function createLiveHub(source: LiveSource, tickMs: number = TICK_MS): LiveHub {
  /** Newest shown state of each truck, and the tick that changed it. */
  const newest = new Map<number, { truck: LiveTruck; tick: number }>();
  const waiting = new Set<() => void>();
  const listeners = new Set<(update: LiveUpdate) => void>();
  let tick = 0;
  let last: LiveUpdate = { trucks: [] };
  let subscribers = 0;
  let timer: NodeJS.Timeout | null = null;
  let isStopped = false;

  function runTick(): void {
    const trucks = source.takeChanged();
    if (trucks.length === 0) return;
    tick += 1;
    last = { trucks };
    for (const truck of trucks) newest.set(truck.truckId, { truck, tick });
    for (const listener of listeners) listener(last);
    wakeAll();
  }

  function wakeAll(): void {
    const woken = [...waiting];
    waiting.clear();
    for (const wake of woken) wake();
  }

  function changedAfter(seen: number): LiveUpdate {
    if (seen === tick - 1) return last;
    const trucks: LiveTruck[] = [];
    for (const entry of newest.values()) if (entry.tick > seen) trucks.push(entry.truck);
    return { trucks };
  }

  async function* updates(signal: AbortSignal): AsyncGenerator<LiveUpdate, void, void> {
    subscribers += 1;
    try {
      let seen = tick;
      yield { trucks: source.snapshot() };
      while (!signal.aborted && !isStopped) {
        if (seen === tick) {
          await nextTick(signal);
          continue;
        }
        const update = changedAfter(seen);
        seen = tick;
        yield update;
        hub.onDelivered?.(update);
      }
    } finally {
      subscribers -= 1;
    }
  }

  function nextTick(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        signal.removeEventListener('abort', wake);
        waiting.delete(wake);
        resolve();
      };
      waiting.add(wake);
      signal.addEventListener('abort', wake);
      if (signal.aborted || isStopped) wake();
    });
  }

  const hub: LiveHub = {
    snapshot: source.snapshot,
    updates,
    subscribers: () => subscribers,
    onTick(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    start() {
      if (timer) return;
      timer = setInterval(runTick, tickMs);
      timer.unref();
    },
    stop() {
      isStopped = true;
      if (timer) clearInterval(timer);
      wakeAll();
    },
  };
  return hub;
}
