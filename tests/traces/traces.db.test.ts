import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dispatch } from '../../server/dispatch/dispatch.ts';
import { startReactor } from '../../server/dispatch/react.ts';
import { createMetrics } from '../../server/ops/metrics.ts';
import { observedPlanner } from '../../server/ops/observed.ts';
import { startTracing, type Tracing } from '../../server/ops/tracing.ts';
import { solve } from '../../server/planning/index.ts';
import { openTestDatabase, type TestDatabase } from '../database/open.ts';
import { buyTruck, openHouse, type House } from '../regression/house.ts';
import { straightRoads } from '../scenarios/room.ts';
import { addDevice, connectDevice, startTelemetryServer } from '../telemetry/telemetry-server.ts';

interface SpanRecord {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  links?: { traceId: string }[];
}

/** What a collector was sent, and a promise of a span by name. */
const spans: SpanRecord[] = [];
const headers: (string | undefined)[] = [];
let arrived: (() => void) | null = null;
const collector = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    headers.push(request.headers['x-key'] as string | undefined);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as {
      resourceSpans: { scopeSpans: { spans: SpanRecord[] }[] }[];
    };
    for (const resource of body.resourceSpans)
      for (const scope of resource.scopeSpans) spans.push(...scope.spans);
    response.setHeader('content-type', 'application/json').end('{}');
    arrived?.();
  });
});
let tracing: Tracing;

/** The first span for which this holds; spans arrive in parcels. */
async function spanWhere(holds: (span: SpanRecord) => boolean): Promise<SpanRecord> {
  for (;;) {
    const found = spans.find(holds);
    if (found) return found;
    await new Promise<void>((resolve) => (arrived = resolve));
  }
}

const spanNamed = (name: string) => spanWhere((span) => span.name === name);

const ancestorsOf = (span: SpanRecord): string[] => {
  const parent = spans.find((one) => one.spanId === span.parentSpanId);
  return parent === undefined ? [] : [parent.name, ...ancestorsOf(parent)];
};

beforeAll(async () => {
  await new Promise<void>((ready) => collector.listen(0, '127.0.0.1', ready));
  tracing = startTracing({
    endpoint: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
    headers: { 'x-key': 'of-the-collector' },
    ratio: 1,
    environment: 'test',
    release: '0.0.0',
  });
});
afterAll(async () => {
  await tracing.close();
  await new Promise<void>((closed) => collector.close(() => closed()));
});

describe('a trace from incident to plan', () => {
  let house: House;
  beforeAll(async () => (house = await openHouse()));
  afterAll(() => house.close());

  it('leads from the click that validates to the search and the commit of the plan', async () => {
    await buyTruck(house);
    const dispatch: Dispatch = {
      store: house.store,
      roads: straightRoads(),
      planner: observedPlanner(
        { solve: async (problem, options) => solve(problem, { ...options, now: () => performance.now() }) },
        createMetrics({}, { processMetrics: false }),
      ),
      positionOf: () => null,
      budget: { iterations: 200 },
      seed: 1,
    };
    const reactor = startReactor(dispatch, 'trace-test', house.services.log);
    await reactor.settled();
    for (let n = 0; n < 5; n++) {
      const place = { lat: -0.93 - n * 0.001, lon: -78.6 };
      const report = await house.call(
        'incidents.report',
        { type: 'animal_muerto', ...place },
        house.tokens.operator,
      );
      const { id } = report.data as { id: number };
      expect((await house.call('incidents.validate', { id }, house.tokens.operator)).status).toBe(200);
    }
    await reactor.settled();
    await reactor.stop();

    const planned = await spanNamed('dispatch.plan');
    await spanWhere((span) => span.name === 'planner.solve' && ancestorsOf(span).includes('dispatch.plan'));
    await spanWhere((span) => span.name === 'commit' && ancestorsOf(span).includes('dispatch.plan'));
    // The plan continues the trace of the click that brought it about, whose spans may be in a later parcel.
    await spanWhere((span) => span.name === 'incidents.validate' && span.traceId === planned.traceId);
    expect(ancestorsOf(planned)).toEqual(['commit', 'incidents.validate']);
    expect(headers.every((key) => key === 'of-the-collector')).toBe(true);
  });
});

describe('a trace from fix to screen', () => {
  let database: TestDatabase;
  beforeAll(async () => (database = await openTestDatabase()));
  afterAll(() => database.drop());

  it('leads from the frame over the commit and the tick to a screen that reads', async () => {
    const server = await startTelemetryServer(database);
    const { token } = await addDevice(database);
    const leaving = new AbortController();
    const reading = (async () => {
      for await (const update of server.telemetry.live.updates(leaving.signal)) void update;
    })();
    const device = await connectDevice(server.wsUrl, token);
    await device.ask({ seq: 1, fixes: [{ t: Date.now(), lat: -0.9352, lon: -78.6155 }] });

    const root = await spanNamed('fix');
    expect(ancestorsOf(root)).toEqual([]);
    for (const name of ['fix.ingest', 'fix.hub', 'fix.screen']) {
      expect(ancestorsOf(await spanNamed(name))).toEqual(['fix']);
    }
    leaving.abort();
    await reading;
    await server.close();
  });
});
