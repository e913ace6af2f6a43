/** The embedded database's own process: started by embedded.ts, dies with its parent. */
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { createBridge } from './embedded-bridge.ts';
import { lockFolder } from './embedded-lock.ts';
import { startHousekeeping } from './embedded-housekeeping.ts';
import { slimPostgis } from './embedded-postgis.ts';
import { readAnswer, simpleQuery } from './wire.ts';

export type FromEmbedded =
  | { type: 'alive' }
  | { type: 'ready'; version: string }
  | { type: 'refused'; message: string }
  | { type: 'log'; level: 'info' | 'warn' | 'error'; message: string; fields: Record<string, unknown> };
export type ToEmbedded = { type: 'stop' };

const IDLE_IN_TRANSACTION_MS = 30_000;
const ALIVE_EVERY_MS = 5_000;
const [dataDir, socketPath] = process.argv.slice(2);

const tell = (message: FromEmbedded) => {
  if (process.connected) process.send?.(message);
};

/** Bytes in, bytes out; by streaming, because the other call keeps every answer it ever parsed. */
function rawExecutor(pg: PGlite): (messages: Buffer) => Buffer {
  return (messages) => {
    const chunks: Buffer[] = [];
    // It has run to its end when it returns: the promise only stands for the file system, which needs nothing here.
    pg.execProtocolRawStream(messages, {
      syncToFs: false,
      onRawData: (bytes) => chunks.push(Buffer.from(bytes)),
    }).catch(crash);
    return Buffer.concat(chunks);
  };
}

/** An engine that threw is in no known state: end, and let the parent start another that recovers from the log. */
function crash(error: unknown): void {
  tell({
    type: 'log',
    level: 'error',
    message: 'the embedded database failed',
    fields: { error: String(error) },
  });
  process.exitCode = 70;
  setImmediate(() => process.exit());
}

async function open(folder: string, socket: string): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  mkdirSync(dirname(socket), { recursive: true, mode: 0o700 });
  const unlock = await lockFolder(join(folder, 'embedded.lock'), socket);
  const pg = await PGlite.create({
    dataDir: join(folder, 'postgres'),
    extensions: { postgis: slimPostgis(folder) },
  });
  const { rows } = await pg.query<{ version: string }>('show server_version');
  const version = rows[0]?.version ?? Object.values(rows[0] ?? {})[0] ?? '';
  await pg.exec(`set time zone 'UTC'`);

  const execute = rawExecutor(pg);
  const bridge = createBridge({
    execute,
    parameters: {
      server_version: String(version),
      server_encoding: 'UTF8',
      client_encoding: 'UTF8',
      DateStyle: 'ISO, MDY',
      IntervalStyle: 'postgres',
      TimeZone: 'UTC',
      integer_datetimes: 'on',
      standard_conforming_strings: 'on',
    },
    idleInTransactionMs: IDLE_IN_TRANSACTION_MS,
    onEvicted: (client) =>
      tell({
        type: 'log',
        level: 'warn',
        message: 'a transaction left open was rolled back',
        fields: { client },
      }),
  });
  const housekeeping = startHousekeeping({
    idle: bridge.idle,
    query: (text) => !readAnswer(execute(simpleQuery(text))).failed,
    rows: async <T>(text: string) => (await pg.query<T>(text)).rows,
  });

  rmSync(socket, { force: true });
  const server = createServer(bridge.accept);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
  chmodSync(socket, 0o600);

  let closing = false;
  const close = async () => {
    if (closing) return;
    closing = true;
    housekeeping.stop();
    server.close();
    bridge.close();
    execute(simpleQuery('checkpoint'));
    await pg.close().catch(() => undefined);
    rmSync(socket, { force: true });
    unlock();
    process.exit(0);
  };
  process.on('disconnect', () => void close());
  process.on('message', (message: ToEmbedded) => {
    if (message.type === 'stop') void close();
  });
  if (!process.connected) return close();
  setInterval(() => tell({ type: 'alive' }), ALIVE_EVERY_MS);
  tell({ type: 'ready', version: String(version) });
}

// Ctrl-C and a service manager's stop reach the whole group of processes. The server still needs its database to end
// in order, so only the server's word, or its death, ends this process.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('SIGHUP', () => undefined);

process.on('uncaughtException', crash);

if (!dataDir || !socketPath) throw new Error('usage: embedded-process DATA_FOLDER SOCKET');
open(dataDir, socketPath).catch((error: unknown) => {
  tell({ type: 'refused', message: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
  process.disconnect?.();
});
