import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createBridge } from './embedded-bridge.ts';
import { errorResponse, readyForQuery, textAt, wireMessage } from './wire.ts';

/** The bridge alone, over a stand-in for the engine that knows begin, commit, rollback and fail. */
let folder: string;
let server: Server;
let bridge: ReturnType<typeof createBridge>;
let executed: string[];
let evicted: number[];
let status: string;

function execute(messages: Buffer): Buffer {
  // A transaction's end comes as a prepared statement: its text follows its name.
  const prepared = messages[0] === 0x50 ? textAt(messages, messages.indexOf(0, 5) + 1) : '';
  const text =
    messages[0] === 0x51 ? textAt(messages, 5) : prepared || `<${String.fromCharCode(messages[0] ?? 0)}>`;
  executed.push(text);
  if (text === 'fail') {
    if (status === 'T') status = 'E';
    return Buffer.concat([
      errorResponse('ERROR', 'XX000', 'failed'),
      readyForQuery(status),
      readyForQuery(status),
    ]);
  }
  if (text.startsWith('begin')) status = 'T';
  if (text.startsWith('commit') || text.startsWith('rollback')) status = 'I';
  return Buffer.concat([wireMessage('C', text.toUpperCase()), readyForQuery(status)]);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'epagal-bridge-'));
  executed = [];
  evicted = [];
  status = 'I';
});
/** Opens the bridge. A transaction may be silent as long as no busy machine makes it by itself, or as told. */
async function open({ idleInTransactionMs = 60_000 } = {}): Promise<void> {
  bridge = createBridge({
    execute,
    parameters: { server_version: '18.3' },
    idleInTransactionMs,
    onEvicted: (client) => evicted.push(client),
  });
  server = createServer(bridge.accept);
  await new Promise<void>((resolve) => server.listen(join(folder, 's'), resolve));
}
afterEach(() => {
  bridge.close();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const client = () =>
  postgres({
    path: join(folder, 's'),
    user: 'u',
    database: 'd',
    max: 1,
    fetch_types: false,
    onnotice: () => undefined,
  });

it('a second ReadyForQuery of the engine never reaches the client', async () => {
  await open();
  const sql = client();
  await expect(sql`fail`.simple()).rejects.toMatchObject({ code: 'XX000' });
  expect((await sql`one`.simple()).command).toBe('ONE');
  expect((await sql`two`.simple()).command).toBe('TWO');
  await sql.end();
});

it('while one has a transaction the others wait their turn', async () => {
  await open();
  const [first, second] = [client(), client()];
  await Promise.all([first`hello`.simple(), second`hello`.simple()]);
  executed = [];
  let other: Promise<unknown> = Promise.resolve();
  await first.begin(async (tx) => {
    await tx`one`.simple();
    other = second`outside`.simple().execute();
    await tx`two`.simple();
  });
  await other;
  expect(executed.filter((text) => !text.startsWith('<'))).toEqual([
    'begin ',
    'one',
    'two',
    'commit',
    'outside',
  ]);
  await Promise.all([first.end(), second.end()]);
});

it('a silent transaction that holds others up is rolled back', async () => {
  await open({ idleInTransactionMs: 40 });
  const [silent, waiting] = [client(), client()];
  await waiting`hello`.simple();
  const outcome = silent
    .begin(async (tx) => {
      await tx`one`.simple();
      await waiting`outside`.simple(); // beside its own transaction: would wait for ever
      await tx`two`.simple();
    })
    .then(
      () => 'no error',
      (error: { code: string }) => error.code,
    );
  expect(await outcome).toBe('25P03');
  expect(evicted).toHaveLength(1);
  expect(executed.slice(executed.indexOf('one'))).toEqual(['one', '<S>', 'rollback', 'outside', 'rollback']);
  expect(await silent.begin((tx) => tx`three`.simple())).toMatchObject({ command: 'THREE' }); // its connection serves on
  await Promise.all([silent.end(), waiting.end()]);
});
