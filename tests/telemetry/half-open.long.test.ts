import { connect, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { openTestDatabase } from '../database/open.ts';
import { addDevice, connectDevice, startTelemetryServer } from './telemetry-server.ts';

const OPENED = 10_000;
const HELD = 1_000;

it('ten thousand connections that say nothing: a thousand are held, and every device is served as ever', async () => {
  const database = await openTestDatabase();
  const server = await startTelemetryServer(database);
  const port = Number(new URL(server.httpUrl).port);
  const { token } = await addDevice(database);
  const early = await connectDevice(server.wsUrl, token);
  const sockets: Socket[] = [];
  let opened = 0;
  while (opened < OPENED) {
    await Promise.all(
      Array.from({ length: 250 }, () => {
        const socket = connect(port, '127.0.0.1');
        sockets.push(socket);
        opened += 1;
        socket.on('error', () => undefined);
        return new Promise<void>((resolve) => {
          socket.once('connect', () => resolve());
          socket.once('close', () => resolve());
        });
      }),
    );
    const { halfOpen } = server.telemetry.stats().gateway;
    expect(halfOpen).toBeLessThanOrEqual(HELD);
    expect(
      await early.ask({ seq: opened, fixes: [{ t: Date.now(), lat: -0.93, lon: -78.61 }] }),
    ).toMatchObject({
      ack: opened,
    });
  }
  const late = await connectDevice(server.wsUrl, token);
  expect(await late.ask({ seq: 1, fixes: [] })).toMatchObject({ ack: 1 });
  expect(server.telemetry.stats().gateway.halfOpenDropped).toBeGreaterThanOrEqual(OPENED - HELD);
  await expect
    .poll(() => server.telemetry.stats().gateway.halfOpen, { timeout: 30_000, interval: 500 })
    .toBe(0);
  for (const socket of sockets) socket.destroy();
  for (const client of [early, late]) client.close();
  await server.close();
  await database.drop();
});
