/**
 * `npm run db:migrate` and `npm run db:rollback`: the schema up to the newest, or one step down. `down --to NAME` takes
 * back all that came after NAME.
 */
import { ConfigError, loadConfig } from '../config.ts';
import { connectDatabase } from '../db/connect.ts';
import { EmbeddedError } from '../db/embedded.ts';
import { migrateDown, migrateDownTo, MigrationError, migrateUp, schemaState } from '../db/migrate.ts';
import { createLog } from '../ops/log.ts';

const PROBLEMS_OF_DRIVER = /^(E[A-Z]+|CONNECT_TIMEOUT|CONNECTION_|[0-9A-Z]{5}$)/;

async function main([direction, ...rest]: string[]): Promise<number> {
  const target = direction === 'down' && rest[0] === '--to' ? rest[1] : undefined;
  const isPlain = (direction === 'up' || direction === 'down') && rest.length === 0;
  if (!isPlain && (target === undefined || rest.length !== 2)) {
    console.error('usage: migrate up | down [--to MIGRATION]');
    return 2;
  }
  // Neither PUBLIC_URL nor EMBEDDED matters to the schema: without DATABASE_URL it is the embedded database.
  const config = loadConfig(process.env, { mode: 'demo' });
  const log = createLog({ level: 'error' });
  const database = await connectDatabase({
    ...(config.databaseUrl ? { databaseUrl: config.databaseUrl } : { dataDir: config.dataDir }),
    log,
  });
  try {
    if (direction === 'up') {
      const applied = await migrateUp(database.sql);
      const { current } = await schemaState(database.sql);
      console.log(
        applied.length > 0 ? `applied ${applied.join(', ')}` : `nothing to do: the schema is at ${current}`,
      );
    } else if (target !== undefined) {
      const undone = await migrateDownTo(database.sql, target);
      console.log(
        undone.length > 0
          ? `took back ${undone.join(', ')}`
          : `nothing to take back: the schema is at ${target}`,
      );
    } else {
      const undone = await migrateDown(database.sql);
      console.log(undone ? `took back ${undone}` : 'nothing to take back: no migration is applied');
    }
    return 0;
  } finally {
    await database.close();
  }
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(oneLine(error));
    process.exit(1);
  },
);

function oneLine(error: unknown): string {
  if (error instanceof ConfigError || error instanceof EmbeddedError || error instanceof MigrationError) {
    return error.message;
  }
  const { code, message } = error as { code?: string; message?: string };
  if (code && PROBLEMS_OF_DRIVER.test(code)) return `the database refused: ${message || code} (${code})`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
