/** `npm run backup -- --to FOLDER [--keep-days N]`: a verified backup of the database and the photos. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../config.ts';
import { openForTool } from '../ops/backup/open.ts';
import { deleteOutdated } from '../ops/backup/retention.ts';
import { writeBackup } from '../ops/backup/write.ts';
import { createLog } from '../ops/log.ts';
import { failureText } from '../ops/tool-failure.ts';

const USAGE = 'usage: backup --to FOLDER [--keep-days N]';

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { to: { type: 'string' }, 'keep-days': { type: 'string' } } });
  const keepDays = values['keep-days'] === undefined ? null : Number(values['keep-days']);
  if (!values.to || (keepDays !== null && !(keepDays >= 1))) {
    console.error(USAGE);
    return 2;
  }
  const startedAt = performance.now();
  const now = new Date();
  const config = loadConfig(process.env, { mode: 'demo' });
  const database = await openForTool(config, createLog({ level: 'error' }));
  try {
    if (database.shared) console.log('the running server waits while its rows are read');
    const result = await writeBackup(database.sql, {
      folder: values.to,
      photosDir: join(config.dataDir, 'photos'),
      now,
    });
    const rows = Object.values(result.footer.rows).reduce((sum, count) => sum + count, 0);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(
      `${result.path}: ${rows} rows, ${result.footer.photos} photos, ${result.bytes} bytes, read back whole, in ${seconds} s`,
    );
  } finally {
    await database.close();
  }
  if (keepDays !== null) {
    for (const name of await deleteOutdated(values.to, keepDays, now)) console.log(`deleted ${name}`);
  }
  return 0;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(failureText(error));
    process.exit(1);
  },
);
