import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startErrorReporting, withoutPersonalData } from './sentry.ts';

/** What a report server receives, kept as text. */
const received: { url: string; body: string }[] = [];
const ingest = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const raw = Buffer.concat(chunks);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    received.push({ url: request.url ?? '', body: body.toString() });
    response.end('{}');
  });
});

/** Apart from the test below: a report quotes the source lines around an error. */
const PRIVATE = ['rosa@example.org', '1710034065', 'postgres://u:hunter-two@db'] as const;

beforeAll(() => new Promise<void>((ready) => ingest.listen(0, '127.0.0.1', ready)));
afterAll(() => new Promise<void>((closed) => ingest.close(() => closed())));

describe('error reports', () => {
  it('sends nothing without a DSN', async () => {
    const reporting = startErrorReporting({ release: 'r' });
    reporting.capture(new Error('lost'));
    await reporting.close();
    expect(reporting.enabled).toBe(false);
    expect(received).toHaveLength(0);
  });

  it('delivers an error with its release and ids, and nothing personal', async () => {
    const { port } = ingest.address() as AddressInfo;
    const reporting = startErrorReporting({
      dsn: `http://publickey@127.0.0.1:${port}/42`,
      release: 'epagal@1.2.3',
      environment: 'staging',
    });
    reporting.capture(new Error(`no row for ${PRIVATE.join(', ')}`), {
      actor: { kind: 'user', id: 9, role: 'supervisor', username: 'rosa' },
      procedure: 'plans.approve',
      incidentId: 7,
    });
    await reporting.close();

    expect(received).toHaveLength(1);
    const [{ url, body }] = received as [{ url: string; body: string }];
    expect(url).toMatch(/^\/api\/42\/envelope\//);
    const [header, item, event] = body.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(header).toHaveProperty('event_id');
    expect(item).toMatchObject({ type: 'event' });
    expect(event).toMatchObject({
      release: 'epagal@1.2.3',
      environment: 'staging',
      user: { id: '9' },
      tags: { actor: 'supervisor', procedure: 'plans.approve' },
      contexts: { subject: { incidentId: 7 } },
    });
    const { exception } = event as { exception: { values: { value: string }[] } };
    expect(exception.values[0]?.value).toBe('no row for [mail], [number], postgres://[hidden]@db');
    for (const text of PRIVATE) expect(body).not.toContain(text);
  });

  it('keeps method and path of a request, and drops the rest', () => {
    const clean = withoutPersonalData({
      request: {
        method: 'POST',
        url: 'https://sala.example/trpc/auth.login?input=secret',
        headers: { cookie: 'a' },
        data: { password: 'x' },
        cookies: { a: 'b' },
      },
      user: { id: 3, ip_address: '10.0.0.1', email: 'a@b.ec', username: 'rosa' },
      extra: { phone: '0991234567', truckId: 4 },
      breadcrumbs: [{ message: 'x' }],
    });
    expect(clean.request).toEqual({ method: 'POST', url: 'https://sala.example/trpc/auth.login' });
    expect(clean.user).toEqual({ id: 3 });
    expect(clean.extra).toEqual({ phone: '[hidden]', truckId: 4 });
    expect(clean.breadcrumbs).toBeUndefined();
  });
});
