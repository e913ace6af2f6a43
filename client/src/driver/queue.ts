/** Sends what the driver did, one by one and in order, as soon as there is network; nothing is lost before that. */
import { takenBackWith, type Action } from './work.ts';

export type Verdict = 'wait' | 'sign-in' | 'settled' | 'refused';

const NOT_REACHED = new Set([
  'offline',
  'unavailable',
  'database-unavailable',
  'shutting-down',
  'too-many-requests',
]);
/** An answer nobody can explain is asked again this often, then shown. */
const UNKNOWN_ATTEMPTS = 5;

/**
 * What becomes of an action the server did not take. Having set out for a stop that is already closed, or starting
 * what runs already, needs no words: the state asked for is there.
 */
export function verdictOf(kind: Action['work']['kind'], reason: string, attempts: number): Verdict {
  if (NOT_REACHED.has(reason)) return 'wait';
  if (reason === 'not-signed-in') return 'sign-in';
  if (reason === 'internal') return attempts < UNKNOWN_ATTEMPTS ? 'wait' : 'refused';
  if (kind === 'depart' && reason === 'invalid-transition') return 'settled';
  return 'refused';
}

export interface QueueStore {
  all(): Promise<Action[]>;
  put(action: Action): Promise<void>;
  remove(action: Action): Promise<void>;
}

export interface QueueWorld {
  store: QueueStore;
  send(action: Action): Promise<void>;
  reasonOf(error: unknown): string;
  nowMs(): number;
  /** Calls back after so many milliseconds. */
  later(run: () => void, ms: number): void;
  changed(actions: readonly Action[]): void;
  sent(action: Action): void;
  refused(action: Action, reason: string): void;
  /** Whether the server was reached by the last attempt. */
  reached(ok: boolean): void;
  signedOut(): void;
}

export interface Queue {
  load(): Promise<void>;
  add(action: Action): Promise<void>;
  undo(clientId: string): Promise<void>;
  /** Sends what is due; safe to call at any time. */
  flush(): Promise<void>;
  actions(): readonly Action[];
}

export function createQueue(world: QueueWorld): Queue {
  let waiting: Action[] = [];
  let sending: Action | null = null;
  let attempts = 0;

  const tell = () => world.changed([...waiting]);

  async function drop(action: Action): Promise<void> {
    waiting = waiting.filter((other) => other.clientId !== action.clientId);
    attempts = 0;
    await world.store.remove(action);
    tell();
  }

  /** True when the queue may go on with the next one. */
  async function attempt(action: Action): Promise<boolean> {
    sending = action;
    try {
      await world.send(action);
      world.reached(true);
      world.sent(action);
      await drop(action);
      return true;
    } catch (error) {
      const reason = world.reasonOf(error);
      attempts += 1;
      const verdict = verdictOf(action.work.kind, reason, attempts);
      world.reached(verdict !== 'wait');
      if (verdict === 'sign-in') world.signedOut();
      if (verdict === 'wait' || verdict === 'sign-in') return false;
      if (verdict === 'refused') world.refused(action, reason);
      await drop(action);
      return true;
    } finally {
      sending = null;
    }
  }

  async function flush(): Promise<void> {
    while (sending === null && waiting.length > 0) {
      const first = waiting[0]!;
      const waitMs = first.sendAfterMs - world.nowMs();
      if (waitMs > 0) return world.later(() => void flush(), waitMs);
      if (!(await attempt(first))) return;
    }
  }

  return {
    async load() {
      waiting = (await world.store.all()).sort((a, b) => a.order - b.order);
      tell();
    },
    async add(action) {
      waiting = [...waiting, action];
      tell();
      await world.store.put(action);
      void flush();
    },
    async undo(clientId) {
      // What is on its way can no longer be taken back.
      const back = takenBackWith(waiting, clientId).filter((action) => action !== sending);
      waiting = waiting.filter((action) => !back.includes(action));
      tell();
      for (const action of back) await world.store.remove(action);
    },
    flush,
    actions: () => waiting,
  };
}
