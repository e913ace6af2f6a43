/**
 * `npm run db:migrate` and `npm run db:rollback`: the schema up to the newest, or one step down. `down --to NAME` takes
 * back all that came after NAME.
 */
import { loadConfig } from '../config.ts';
import { connectDatabase } from '../db/connect.ts';
import { migrateDown, migrateDownTo, migrateUp, schemaState } from '../db/migrate.ts';
import { createLog } from '../ops/log.ts';
import { failureText } from '../ops/tool-failure.ts';

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
    console.error(failureText(error));
    process.exit(1);
  },
);
