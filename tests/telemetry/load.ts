import { WebSocket } from 'ws';
import type { Acknowledged } from './crash.ts';

export interface LoadOptions {
  wsUrl: string;
  devices: readonly { deviceId: number; token: string }[];
  /** First instant of the fixes, ms; a second a fix. */
  fromMs: number;
  fixesPerFrame: number;
  /** Frames a device keeps unanswered. */
  framesInFlight: number;
}

export interface Load {
  /** What the devices were told is stored, by device. */
  acknowledged: Acknowledged;
  /** Fixes acknowledged so far. */
  count(): number;
  /** Times a device was told that a frame was not stored, and sent it again. */
  refused(): number;
  /** Resolves when so many more fixes are acknowledged. */
  more(fixes: number): Promise<void>;
  /** Sends nothing new, and resolves when everything sent is acknowledged. */
  settle(): Promise<void>;
  close(): void;
}

/**
 * Devices that do as the contract says: they keep what is not acknowledged, send it again when told that it was not
 * stored, and connect anew and send all of it when their line breaks.
 */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const { wsUrl, devices, fromMs, fixesPerFrame, framesInFlight } = options;
  const acknowledged: Acknowledged = new Map(devices.map(({ deviceId }) => [deviceId, []]));
  let count = 0;
  let refused = 0;
  let isSending = true;
  let isClosed = false;
  const watchers = new Set<() => void>();
  const units = devices.map((device, index) => {
    const pending = new Map<number, number[]>();
    let nextSeq = 0;
    let socket: WebSocket | null = null;

    function transmit(seq: number, instants: readonly number[]): void {
      const fixes = instants.map((t) => ({ t, lat: -0.93 + index / 10_000, lon: -78.61 }));
      socket?.send(JSON.stringify({ seq, fixes }));
    }

    function fill(): void {
      while (isSending && pending.size < framesInFlight) {
        const seq = nextSeq++;
        const instants = Array.from(
          { length: fixesPerFrame },
          (_, i) => fromMs + (seq * fixesPerFrame + i) * 1_000 + index,
        );
        // Every fifth frame arrives newest first: that takes the settling way.
        if (seq % 5 === 4) instants.reverse();
        pending.set(seq, instants);
        transmit(seq, instants);
      }
    }

    function onAnswer(data: Buffer): void {
      const answer = JSON.parse(data.toString()) as { ack?: number; seq?: number; rejected?: unknown[] };
      if (answer.ack === undefined) {
        const instants = pending.get(answer.seq ?? -1);
        refused += 1;
        if (instants) transmit(answer.seq!, instants);
        return;
      }
      const instants = pending.get(answer.ack);
      if (!instants) return;
      if (answer.rejected?.length) throw new Error(`refused: ${data.toString()}`);
      pending.delete(answer.ack);
      acknowledged.get(device.deviceId)!.push(...instants);
      count += instants.length;
      for (const look of watchers) look();
      fill();
    }

    function connect(): Promise<void> {
      return new Promise((resolve) => {
        const made = new WebSocket(wsUrl, { headers: { authorization: `Bearer ${device.token}` } });
        made.on('message', onAnswer);
        made.on('error', () => undefined);
        made.on('open', () => {
          socket = made;
          for (const [seq, instants] of pending) transmit(seq, instants);
          fill();
          resolve();
        });
        made.on('close', () => {
          socket = null;
          if (!isClosed) setTimeout(() => void connect().then(resolve), 200);
        });
      });
    }

    return { pending, connect, close: () => socket?.terminate() };
  });
  await Promise.all(units.map((unit) => unit.connect()));

  function until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => {
      const look = () => {
        if (!condition()) return;
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
    });
  }

  return {
    acknowledged,
    count: () => count,
    refused: () => refused,
    more(fixes) {
      const target = count + fixes;
      return until(() => count >= target);
    },
    settle() {
      isSending = false;
      return until(() => units.every(({ pending }) => pending.size === 0));
    },
    close() {
      isClosed = true;
      for (const unit of units) unit.close();
    },
  };
}
