import { get, type IncomingMessage } from 'node:http';

/** Control-room screens of the live bench, a process of its own: event streams read as a browser reads them. */
export type ScreensOrder =
  | { kind: 'watch'; url: string; token: string; screens: number; seconds: number; ignoreMs: number }
  | { kind: 'pause'; url: string; token: string; screens: number }
  | { kind: 'wake' }
  | { kind: 'resume'; url: string; token: string; lastEventId: string; untilId: number };

export interface WatchReport {
  updates: number;
  p50Ms: number;
  p95Ms: number;
  maxMs: number;
  /** Trucks each screen ended with; the smallest number among the screens. */
  trucksSeen: number;
}

interface SseMessage {
  id?: string;
  event?: string;
  data: string;
}

function openStream(url: string, token: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(
      url,
      { headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' }, agent: false },
      resolve,
    ).on('error', reject);
  });
}

function readMessages(stream: IncomingMessage, onMessage: (message: SseMessage) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('error', () => undefined);
  stream.on('data', (chunk: string) => {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const message: SseMessage = { data: '' };
      for (const line of block.split('\n')) {
        if (line.startsWith('data: ')) message.data += line.slice(6);
        else if (line.startsWith('event: ')) message.event = line.slice(7);
        else if (line.startsWith('id: ')) message.id = line.slice(4);
      }
      if (message.data !== '' && message.event === undefined) onMessage(message);
    }
  });
}

interface Trucks {
  trucks?: { truckId: number; t: number }[];
}

async function watch(order: Extract<ScreensOrder, { kind: 'watch' }>): Promise<WatchReport> {
  const delays: number[] = [];
  const streams: IncomingMessage[] = [];
  const seen: Set<number>[] = [];
  const countFrom = performance.now() + order.ignoreMs;
  for (let i = 0; i < order.screens; i++) {
    const stream = await openStream(`${order.url}/trpc/live.trucks`, order.token);
    streams.push(stream);
    const trucks = new Set<number>();
    seen.push(trucks);
    let isSnapshot = true;
    readMessages(stream, ({ data }) => {
      const now = Date.now();
      const counts = performance.now() >= countFrom && !isSnapshot;
      isSnapshot = false;
      for (const { truckId, t } of (JSON.parse(data) as Trucks).trucks ?? []) {
        trucks.add(truckId);
        if (counts) delays.push(now - t);
      }
    });
  }
  await new Promise((resolve) => setTimeout(resolve, order.seconds * 1_000));
  for (const stream of streams) stream.destroy();
  const sorted = Float64Array.from(delays).sort();
  const at = (p: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? 0;
  return {
    updates: sorted.length,
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    maxMs: at(1),
    trucksSeen: Math.min(...seen.map((trucks) => trucks.size)),
  };
}

let paused: IncomingMessage[] = [];

/** Screens that connect and then do not read. */
async function pause(order: Extract<ScreensOrder, { kind: 'pause' }>): Promise<object> {
  paused = [];
  for (let i = 0; i < order.screens; i++) {
    const stream = await openStream(`${order.url}/trpc/live.trucks`, order.token);
    stream.pause();
    paused.push(stream);
  }
  return { paused: paused.length };
}

/** They read again; how old the newest fix is that each has after a moment. */
async function wake(): Promise<object> {
  const newest = paused.map(() => 0);
  paused.forEach((stream, i) => {
    readMessages(stream, ({ data }) => {
      for (const { t } of (JSON.parse(data) as Trucks).trucks ?? []) newest[i] = Math.max(newest[i]!, t);
    });
    stream.resume();
  });
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  for (const stream of paused) stream.destroy();
  return { oldestMs: Math.max(...newest.map((t) => Date.now() - t)) };
}

/** From the request with the last id seen until the newest event is there; every id once and in order. */
async function resumeEvents(order: Extract<ScreensOrder, { kind: 'resume' }>): Promise<object> {
  const startedAt = performance.now();
  const input = encodeURIComponent(JSON.stringify({ lastEventId: order.lastEventId }));
  const stream = await openStream(`${order.url}/trpc/live.events?input=${input}`, order.token);
  let expected = Number(order.lastEventId) + 1;
  let isWhole = true;
  return new Promise((resolve) => {
    readMessages(stream, ({ id }) => {
      if (id === undefined) return;
      if (Number(id) !== expected) isWhole = false;
      expected = Number(id) + 1;
      if (Number(id) < order.untilId) return;
      stream.destroy();
      resolve({ resumeMs: performance.now() - startedAt, isWhole });
    });
  });
}

process.on('message', (order: ScreensOrder) => {
  const work: Promise<object> =
    order.kind === 'watch'
      ? watch(order)
      : order.kind === 'pause'
        ? pause(order)
        : order.kind === 'wake'
          ? wake()
          : resumeEvents(order);
  work.then(
    (report) => process.send?.({ report }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
