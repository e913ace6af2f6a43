import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { inject } from 'vitest';
import { connectDatabase, type Database } from '../../server/db/connect.ts';
import { silentLog } from '../../server/ops/log.ts';

export type TestDatabase = Database & {
  /** Opens the same database a second time, as another server instance would; only on PostgreSQL. */
  again(): Promise<Database>;
  /** Where it lies, of an embedded one. */
  folder?: string;
  /** Closes it and takes it away. */
  drop(): Promise<void>;
};

/** Which database this run is on: `describe.runIf(testDatabaseKind() === 'postgres')`. */
export function testDatabaseKind(): 'embedded' | 'postgres' {
  return inject('testDatabase').kind;
}

/**
 * A database of this test file's own: migrated and empty, or bare with `migrated: false`. Call it in `beforeAll` and
 * `drop` in `afterAll`; empty tables between tests rather than opening again.
 */
export async function openTestDatabase({ migrated = true } = {}): Promise<TestDatabase> {
  const source = inject('testDatabase');
  const log = silentLog();
  if (source.kind === 'embedded') {
    const folder = mkdtempSync(join(tmpdir(), 'epagal-db-'));
    cpSync(migrated ? source.templates.migrated : source.templates.bare, folder, { recursive: true });
    const database = await connectDatabase({ dataDir: folder, log });
    return {
      ...database,
      folder,
      again: () => Promise.reject(new Error('an embedded folder has one server')),
      async drop() {
        await database.close();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  }
  const name = `test_${randomBytes(6).toString('hex')}`;
  const url = (of: string) => `${source.server}/${of}`;
  const asAdmin = async (statement: string) => {
    const admin = postgres(url('postgres'), { max: 1, onnotice: () => undefined });
    try {
      await admin.unsafe(statement);
    } finally {
      await admin.end();
    }
  };
  await asAdmin(`create database ${name} template ${migrated ? source.template : 'template0'}`);
  const open = () => connectDatabase({ databaseUrl: url(name), log, pool: { db: 5, sql: 3 } });
  const database = await open();
  return {
    ...database,
    again: open,
    async drop() {
      await database.close();
      await asAdmin(`drop database if exists ${name} with (force)`);
    },
  };
}
