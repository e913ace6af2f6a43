import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import type { Logger } from '../ops/log.ts';
import { startEmbedded } from './embedded.ts';
import * as schema from './schema/index.ts';

/** drizzle over its own client. Inside a transaction use only the `Tx` it hands over. */
export type Db = PostgresJsDatabase<typeof schema>;
/** An open transaction: what a verb's statements run on. */
export type Tx = Parameters<Parameters<Db['transaction']>[0]>[0];
/** Raw postgres.js, for what is written in bulk. */
export type Sql = postgres.Sql<{ bigint: number; numeric: number }>;

export interface Database {
  db: Db;
  /** A second client: drizzle changes how the one it is given reads and writes dates and JSON. */
  sql: Sql;
  kind: 'postgres' | 'embedded';
  /** Milliseconds of one round trip. @throws when the database does not answer in 5 s */
  ping(): Promise<number>;
  close(): Promise<void>;
}

export type DatabaseOptions = { log: Logger } & (
  | { databaseUrl: string; pool?: { db: number; sql: number } }
  | { databaseUrl?: null; /** Folder of the embedded database. */ dataDir: string }
);

const PING_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 30_000;
const IDLE_IN_TRANSACTION_MS = 30_000;
const CLOSE_TIMEOUT_S = 5;

/** 64-bit counters and sums are far below 2^53 here, and nothing holds money: both are read as plain numbers. */
const types = {
  bigint: { to: 20, from: [20], serialize: (value: number) => String(value), parse: Number },
  numeric: { to: 1700, from: [1700], serialize: (value: number) => String(value), parse: Number },
};

/**
 * Connects to PostgreSQL, or starts the embedded database and connects to that. The first query is made here, so that
 * a wrong address shows at the start.
 * @throws EmbeddedError when the folder is in use; the driver's error when the server does not answer
 */
export async function connectDatabase(options: DatabaseOptions): Promise<Database> {
  const { log } = options;
  const embedded = options.databaseUrl ? null : await startEmbedded({ dataDir: folderOf(options), log });
  const pool = options.databaseUrl ? (options.pool ?? { db: 10, sql: 4 }) : { db: 4, sql: 2 };

  const client = (max: number, name: string): Sql => {
    const settings = {
      max,
      types,
      connect_timeout: 10,
      // A database that is back is used within seconds, however long it was away (the driver alone would wait 20 s).
      backoff: reconnectDelayS,
      onnotice: () => undefined,
      connection: {
        application_name: `epagal-${name}`,
        TimeZone: 'UTC',
        statement_timeout: STATEMENT_TIMEOUT_MS,
        idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
      },
    };
    return options.databaseUrl
      ? postgres(options.databaseUrl, { ...settings, max_lifetime: 30 * 60 })
      : postgres({ ...settings, ...embedded?.connection });
  };
  const forDrizzle = client(pool.db, 'app');
  const sql = client(pool.sql, 'bulk');
  const database: Database = {
    db: drizzle(forDrizzle, { schema }),
    sql,
    kind: embedded ? 'embedded' : 'postgres',
    async ping() {
      const startedAt = performance.now();
      await within(PING_TIMEOUT_MS, sql`select 1`);
      return performance.now() - startedAt;
    },
    async close() {
      await Promise.all([
        forDrizzle.end({ timeout: CLOSE_TIMEOUT_S }),
        sql.end({ timeout: CLOSE_TIMEOUT_S }),
      ]);
      await embedded?.stop();
    },
  };
  try {
    await database.ping();
  } catch (error) {
    await database.close().catch(() => undefined);
    throw error;
  }
  return database;
}

function reconnectDelayS(failures: number): number {
  return Math.min(2, 0.05 * 2 ** failures) * (0.5 + Math.random() / 2);
}

function folderOf(options: DatabaseOptions): string {
  if ('dataDir' in options) return options.dataDir;
  throw new TypeError('either databaseUrl or dataDir is needed');
}

async function within<T>(ms: number, work: PromiseLike<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the database did not answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
