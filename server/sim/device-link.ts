import WebSocket from 'ws';
import { MAX_FIXES_PER_FRAME } from '../../shared/telemetry.ts';
import type { SimFix } from './city.ts';
import { exponential, streamOf } from './random.ts';

const MEAN_WITH_SIGNAL_S = 15 * 60;
const MEAN_WITHOUT_SIGNAL_S = 90;
const RECONNECT_MS = 1_500;
/** A device's memory: a day at one fix a second. The oldest go first, as in a real tracker. */
const MAX_BUFFERED = 86_400;
const FRAME = Math.min(500, MAX_FIXES_PER_FRAME);

export interface DeviceLinkOptions {
  url: string;
  token: string;
  /** Its radio: the same seed and name lose signal at the same times after the start. */
  seed: number;
  name: string;
  /** False: never loses signal. */
  flaky: boolean;
}

/**
 * A tracker's radio as a real websocket client: keeps every fix until the server says it is stored, loses signal now
 * and then, and sends what it kept when it is back.
 */
export class DeviceLink {
  private readonly options: DeviceLinkOptions;
  private readonly random: () => number;
  private socket: WebSocket | null = null;
  private open = false;
  private readonly buffer: SimFix[] = [];
  private unacknowledged: { seq: number; count: number } | null = null;
  private seq = 0;
  private timer: NodeJS.Timeout | null = null;
  private radio: NodeJS.Timeout | null = null;
  private hasSignal = true;
  private closed = false;
  private waiters: (() => void)[] = [];
  readonly counts = { stored: 0, duplicate: 0, rejected: 0, acks: 0 };

  constructor(options: DeviceLinkOptions) {
    this.options = options;
    this.random = streamOf(options.seed, `radio:${options.name}`);
    this.connect();
    if (options.flaky) this.scheduleRadio();
  }

  /** Keeps a fix and sends it as soon as the radio allows. */
  push(fix: SimFix): void {
    this.buffer.push(fix);
    if (this.buffer.length > MAX_BUFFERED) {
      this.buffer.shift();
      if (this.unacknowledged !== null && this.unacknowledged.count > 0) this.unacknowledged.count -= 1;
    }
    this.flush();
  }

  /** Resolves when everything pushed so far is stored by the server. */
  async drained(): Promise<void> {
    if (this.buffer.length === 0) return;
    await new Promise<void>((resolve) => this.waiters.push(resolve));
  }

  close(): void {
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    if (this.radio !== null) clearTimeout(this.radio);
    this.socket?.close();
    this.release();
  }

  private connect(): void {
    if (this.closed || !this.hasSignal) return;
    const socket = new WebSocket(`${this.options.url.replace(/^http/, 'ws')}/gps`, {
      headers: { authorization: `Bearer ${this.options.token}` },
      perMessageDeflate: false,
    });
    this.socket = socket;
    socket.on('open', () => {
      this.open = true;
      this.unacknowledged = null;
      this.flush();
    });
    socket.on('message', (data) => this.receive(String(data)));
    socket.on('error', () => undefined);
    socket.on('close', (code) => {
      this.open = false;
      this.socket = null;
      this.unacknowledged = null;
      // Revoked or unknown: a real tracker would go on trying; it is of no use here.
      if (code === 4401) this.closed = true;
      if (!this.closed && this.hasSignal) this.timer = setTimeout(() => this.connect(), RECONNECT_MS);
    });
  }

  private flush(): void {
    if (!this.open || this.unacknowledged !== null || this.buffer.length === 0) return;
    const fixes = this.buffer.slice(0, FRAME);
    this.unacknowledged = { seq: ++this.seq, count: fixes.length };
    this.socket!.send(JSON.stringify({ seq: this.seq, fixes }));
  }

  private receive(text: string): void {
    const message = JSON.parse(text) as {
      ack?: number;
      stored?: number;
      duplicate?: number;
      rejected?: unknown[];
    };
    if (message.ack === undefined || message.ack !== this.unacknowledged?.seq) return;
    this.buffer.splice(0, this.unacknowledged.count);
    this.unacknowledged = null;
    this.counts.acks += 1;
    this.counts.stored += message.stored ?? 0;
    this.counts.duplicate += message.duplicate ?? 0;
    this.counts.rejected += message.rejected?.length ?? 0;
    if (this.buffer.length === 0) this.release();
    this.flush();
  }

  private release(): void {
    for (const resolve of this.waiters.splice(0)) resolve();
  }

  private scheduleRadio(): void {
    const meanS = this.hasSignal ? MEAN_WITH_SIGNAL_S : MEAN_WITHOUT_SIGNAL_S;
    this.radio = setTimeout(
      () => {
        this.hasSignal = !this.hasSignal;
        if (this.hasSignal) this.connect();
        else this.socket?.terminate();
        this.scheduleRadio();
      },
      exponential(this.random, meanS) * 1_000,
    );
  }
}
