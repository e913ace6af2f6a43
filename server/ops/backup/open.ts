import { connect } from 'node:net';
import { resolve } from 'node:path';
import postgres from 'postgres';
import type { Sql } from '../../db/connect.ts';
import { socketPathFor, startEmbedded } from '../../db/embedded.ts';
import type { Logger } from '../log.ts';

export interface ToolDatabase {
  sql: Sql;
  kind: 'postgres' | 'embedded';
  /** The embedded database of a server that runs now: its work waits while a tool's transaction is open. */
  shared: boolean;
  close(): Promise<void>;
}

const types = {
  bigint: { to: 20, from: [20], serialize: (value: number) => String(value), parse: Number },
  numeric: { to: 1700, from: [1700], serialize: (value: number) => String(value), parse: Number },
};
/** A backup or a restore takes as long as it takes. */
const settings = {
  max: 1,
  types,
  onnotice: () => undefined,
  connection: {
    application_name: 'epagal-tool',
    TimeZone: 'UTC',
    statement_timeout: 0,
    idle_in_transaction_session_timeout: 0,
  },
};

/**
 * Opens the database for a tool at the shell, without a server's time limits. The embedded one is reached through
 * the running server's socket, or started for the tool.
 * @throws EmbeddedError when the folder cannot be opened; the driver's error when the server does not answer
 */
export async function openForTool(
  where: { databaseUrl: string | null; dataDir: string },
  log: Logger,
): Promise<ToolDatabase> {
  if (where.databaseUrl) {
    const sql: Sql = postgres(where.databaseUrl, settings);
    return { sql, kind: 'postgres', shared: false, close: () => sql.end({ timeout: 5 }) };
  }
  const folder = resolve(where.dataDir);
  const path = socketPathFor(folder);
  if (await answers(path)) {
    const sql: Sql = postgres({ ...settings, path, user: 'postgres', database: 'postgres' });
    return { sql, kind: 'embedded', shared: true, close: () => sql.end({ timeout: 5 }) };
  }
  const embedded = await startEmbedded({ dataDir: folder, log });
  const sql: Sql = postgres({ ...settings, ...embedded.connection });
  return {
    sql,
    kind: 'embedded',
    shared: false,
    async close() {
      await sql.end({ timeout: 5 });
      await embedded.stop();
    },
  };
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((tell) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      tell(true);
    });
    socket.once('error', () => tell(false));
  });
}
