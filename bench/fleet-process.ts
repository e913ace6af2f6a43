import { WebSocket } from 'ws';

/**
 * The fleet of the ingest bench, a process of its own: devices as real websocket clients, one fix a frame. It takes
 * orders from its parent and answers with what it counted.
 */
export interface FleetOrder {
  url: string;
  tokens: string[];
  /** First instant of the fixes, ms; each counts on from there, 50 ms a fix. Null: the wall clock. */
  fromMs: number | null;
  seconds: number;
  /** `full`: each device keeps `window` frames unanswered. `paced`: `hz` frames a second a device, whatever comes back. */
  pace: { kind: 'full'; window: number } | { kind: 'paced'; hz: number };
  /** Every so many frames one is sent twice; 0 = never. */
  repeatEvery: number;
}

export interface FleetReport {
  sentFixes: number;
  acked: number;
  stored: number;
  duplicate: number;
  rejected: number;
  repeated: number;
  /** Answers within the measured time, without the first second and the tail. */
  ackedPerS: number;
  ackP50Ms: number;
  ackP99Ms: number;
  closed: number;
}

const LAT = -0.9352;
const LON = -78.6155;
const STEP_MS = 50;
const WARM_UP_MS = 1_000;
const zeroMask = () => undefined;

interface Unit {
  socket: WebSocket;
  index: number;
  seq: number;
  fixes: number;
  lastT: number;
  sentAt: Map<number, number>;
}

async function runFleet(order: FleetOrder): Promise<FleetReport> {
  const latencies: number[] = [];
  const report = { sentFixes: 0, acked: 0, stored: 0, duplicate: 0, rejected: 0, repeated: 0, closed: 0 };
  let ackedMeasured = 0;
  let isSending = true;
  const units = await connectAll(order);
  const startedAt = performance.now();
  const endsAt = startedAt + order.seconds * 1_000;

  const send = (unit: Unit) => {
    const n = unit.fixes++;
    const t = order.fromMs === null ? Math.max(Date.now(), unit.lastT + 1) : order.fromMs + n * STEP_MS;
    unit.lastT = t;
    // A slow circle of its own for each device: about 6 m/s, never a jump.
    const angle = (t % 628_318) / 100_000 + unit.index;
    const lat = LAT + 0.005 * Math.sin(angle);
    const lon = LON + 0.005 * Math.cos(angle);
    const body = `"t":${t},"lat":${lat.toFixed(6)},"lon":${lon.toFixed(6)},"speed":6.1,"heading":184,"accuracy":5,"battery":0.9,"ignition":true}`;
    report.sentFixes += 1;
    transmit(unit, body);
    if (order.repeatEvery > 0 && n % order.repeatEvery === order.repeatEvery - 1) {
      report.repeated += 1;
      transmit(unit, body);
    }
  };
  const transmit = (unit: Unit, body: string) => {
    const seq = unit.seq++;
    unit.sentAt.set(seq, performance.now());
    unit.socket.send(`{"seq":${seq},${body}`);
  };

  for (const unit of units) {
    unit.socket.on('close', () => (report.closed += 1));
    unit.socket.on('message', (data: Buffer) => {
      const answer = JSON.parse(data.toString()) as {
        ack: number;
        stored: number;
        duplicate: number;
        rejected: unknown[];
      };
      const now = performance.now();
      const sentAt = unit.sentAt.get(answer.ack);
      if (sentAt === undefined) return;
      unit.sentAt.delete(answer.ack);
      report.acked += 1;
      report.stored += answer.stored;
      report.duplicate += answer.duplicate;
      report.rejected += answer.rejected.length;
      if (now >= startedAt + WARM_UP_MS && now < endsAt) {
        ackedMeasured += 1;
        latencies.push(now - sentAt);
      }
      if (isSending && order.pace.kind === 'full') send(unit);
    });
  }

  if (order.pace.kind === 'full') {
    for (const unit of units) for (let i = 0; i < order.pace.window; i++) send(unit);
    await sleep(order.seconds * 1_000);
  } else {
    await pacedUntil(units, order.pace.hz, endsAt, send);
  }
  isSending = false;
  const giveUpAt = performance.now() + 15_000;
  while (units.some((unit) => unit.sentAt.size > 0) && performance.now() < giveUpAt) await sleep(20);
  for (const unit of units) unit.socket.terminate();
  latencies.sort((a, b) => a - b);
  const percentile = (p: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * p))] ?? 0;
  return {
    ...report,
    ackedPerS: ackedMeasured / (order.seconds - WARM_UP_MS / 1_000),
    ackP50Ms: percentile(0.5),
    ackP99Ms: percentile(0.99),
  };
}

/** Frames spread evenly over the second, by the clock: a late loop catches up. */
async function pacedUntil(
  units: Unit[],
  hz: number,
  endsAt: number,
  send: (unit: Unit) => void,
): Promise<void> {
  const startedAt = performance.now();
  let sent = 0;
  for (let now = startedAt; now < endsAt; now = performance.now()) {
    const due = Math.floor(((now - startedAt) / 1_000) * hz * units.length);
    for (; sent < due; sent++) send(units[sent % units.length]!);
    await sleep(2);
  }
}

async function connectAll(order: FleetOrder): Promise<Unit[]> {
  const units: Unit[] = [];
  for (let from = 0; from < order.tokens.length; from += 100) {
    const wave = order.tokens.slice(from, from + 100).map((token, i) => connect(order.url, token, from + i));
    units.push(...(await Promise.all(wave)));
  }
  return units;
}

function connect(url: string, token: string, index: number): Promise<Unit> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, {
      headers: { authorization: `Bearer ${token}` },
      perMessageDeflate: false,
      skipUTF8Validation: true,
      generateMask: zeroMask,
    });
    socket.once('open', () => {
      socket.off('error', reject);
      socket.on('error', () => undefined);
      resolve({ socket, index, seq: 1, fixes: 0, lastT: 0, sentAt: new Map() });
    });
    socket.once('error', reject);
  });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

process.on('message', (order: FleetOrder) => {
  runFleet(order).then(
    (report) => process.send?.({ report }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
