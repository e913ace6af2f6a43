import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import type { Ack } from '../../shared/telemetry.ts';
import type { Clock } from '../../shared/time.ts';
import type { Device, Intake } from './intake.ts';
import { decodeFrame } from './protocols/frame.ts';
import { settleUnderWay, takeUnderWay, type DeviceShare } from './device-share.ts';
import { resume, spend, type RateLimits } from './rate.ts';

const CLOSE_TOO_BIG = 1009;
const CLOSE_NOT_JSON = 4400;
const CLOSE_FLOOD = 4429;

/** Frames nobody can read, after which a device is told to go. */
const BAD_FRAMES_LIMIT = 10;
/** Bytes of answers a device may leave unread before it is paused. */
const SEND_HIGH_BYTES = 256 * 1024;
/** Pings in a row without a sign of life. */
const SILENT_PINGS = 2;

/** Why a socket is not being read; several reasons may hold at once. */
const RATE = 1;
const PRESSURE = 2;
const UNREAD = 4;
const UNACKED = 8;
const STOPPING = 16;

export interface SocketDeps {
  intake: Intake;
  clock: Clock;
  /** Shared by all sockets of the device. */
  share: DeviceShare;
  rate: RateLimits;
  /** Calls back once the answers of the commit at hand are written. */
  afterCommit(act: () => void): void;
  onBadFrame(): void;
  onFlood(): void;
  onClosed(socket: DeviceSocket): void;
}

export interface DeviceSocket {
  /** False when the peer gave no sign of life since the last pings: it was dropped. */
  ping(): boolean;
  setPressure(high: boolean): void;
  quiesce(): void;
  close(code: number, why: string): void;
  terminate(): void;
  isPaused(): boolean;
  closed: Promise<void>;
}

/** One connected device: reads frames within its budget, answers each after its commit. */
export function createDeviceSocket(
  ws: WebSocket,
  stream: Duplex,
  device: Device,
  deps: SocketDeps,
): DeviceSocket {
  let badFrames = 0;
  let silentPings = 0;
  let pauses = 0;
  let isClosing = false;
  let isCorked = false;
  let rateTimer: NodeJS.Timeout | null = null;
  let resolveClosed: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => (resolveClosed = resolve));

  function pause(why: number): void {
    if (pauses === 0 && !isClosing) ws.pause();
    pauses |= why;
  }

  function unpause(why: number): void {
    if ((pauses & why) === 0) return;
    pauses &= ~why;
    if (pauses !== 0 || isClosing) return;
    silentPings = 0;
    ws.resume();
  }

  function uncork(): void {
    isCorked = false;
    stream.uncork();
  }

  function send(text: string): void {
    if (ws.readyState !== ws.OPEN) return;
    // Answers of one commit leave in one write.
    if (!isCorked) {
      isCorked = true;
      stream.cork();
      deps.afterCommit(uncork);
    }
    ws.send(text);
    if ((pauses & UNREAD) === 0 && ws.bufferedAmount > SEND_HIGH_BYTES) {
      pause(UNREAD);
      stream.once('drain', () => unpause(UNREAD));
    }
  }

  function onMessage(data: RawData, isBinary: boolean): void {
    if (isClosing) return;
    silentPings = 0;
    const decoded = isBinary ? ({ error: 'not-json' } as const) : decodeFrame((data as Buffer).toString());
    const fixCount = 'frame' in decoded ? decoded.frame.fixes.length : 0;
    const spent = spend(deps.share.budget, deps.clock(), fixCount, deps.rate);
    if (spent.flood) {
      deps.onFlood();
      return close(CLOSE_FLOOD, 'too many frames');
    }
    if (spent.waitMs > 0) waitForBudget(spent.waitMs);
    if ('error' in decoded) return onBadFrame(decoded.error);
    const { seq, fixes } = decoded.frame;
    if (takeUnderWay(deps.share, fixCount)) {
      pause(UNACKED);
      deps.share.waiting.add(onRoom);
    }
    deps.intake.take(
      device,
      fixes,
      (stored, duplicate, rejected) => {
        settleUnderWay(deps.share, fixCount);
        send(ackText(seq, stored, duplicate, rejected));
      },
      () => {
        settleUnderWay(deps.share, fixCount);
        send(`{"error":"not-stored","seq":${seq}}`);
      },
    );
  }

  function onRoom(): void {
    unpause(UNACKED);
  }

  function waitForBudget(waitMs: number): void {
    if (rateTimer) return;
    pause(RATE);
    rateTimer = setTimeout(
      () => {
        rateTimer = null;
        const stillMs = resume(deps.share.budget, deps.clock(), deps.rate);
        if (stillMs > 0) waitForBudget(stillMs);
        else unpause(RATE);
      },
      Math.min(waitMs, 1_000),
    );
  }

  function onBadFrame(error: string): void {
    badFrames += 1;
    deps.intake.tally(device.id).badFrames += 1;
    deps.onBadFrame();
    if (error === 'too-many-fixes') return close(CLOSE_TOO_BIG, 'more than 1000 fixes');
    send(`{"error":"${error}"}`);
    if (badFrames >= BAD_FRAMES_LIMIT) close(CLOSE_NOT_JSON, 'not JSON');
  }

  function close(code: number, why: string): void {
    if (isClosing) return;
    isClosing = true;
    if (rateTimer) clearTimeout(rateTimer);
    ws.close(code, why);
    // The peer's own goodbye must be readable, whatever held it back.
    if (pauses !== 0) ws.resume();
  }

  const socket: DeviceSocket = {
    closed,
    close,
    ping() {
      if (isClosing || pauses !== 0) return true;
      if (silentPings >= SILENT_PINGS) {
        ws.terminate();
        return false;
      }
      silentPings += 1;
      ws.ping();
      return true;
    },
    setPressure: (high) => (high ? pause(PRESSURE) : unpause(PRESSURE)),
    quiesce: () => pause(STOPPING),
    terminate: () => ws.terminate(),
    isPaused: () => pauses !== 0,
  };

  ws.on('message', onMessage);
  ws.on('pong', () => (silentPings = 0));
  ws.on('ping', () => (silentPings = 0));
  // A frame beyond the limit: the library has closed with 1009 by itself.
  ws.on('error', () => (isClosing = true));
  ws.on('close', () => {
    isClosing = true;
    deps.share.waiting.delete(onRoom);
    if (rateTimer) clearTimeout(rateTimer);
    deps.onClosed(socket);
    resolveClosed();
  });
  return socket;
}

function ackText(seq: number, stored: number, duplicate: number, rejected: Ack['rejected']): string {
  const refused = rejected.length === 0 ? '[]' : JSON.stringify(rejected);
  return `{"ack":${seq},"stored":${stored},"duplicate":${duplicate},"rejected":${refused}}`;
}
