/**
 * `npm run backup -- --to FOLDER_OR_S3 [--keep-days N]`: a verified backup of the database and the photos. To a store it
 * goes by way of a temporary folder; how long it is kept there is the store's own rule.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../config.ts';
import { openForTool } from '../ops/backup/open.ts';
import { deleteOutdated } from '../ops/backup/retention.ts';
import { parseS3Url, uploadToS3 } from '../ops/backup/s3.ts';
import { writeBackup } from '../ops/backup/write.ts';
import { createLog } from '../ops/log.ts';
import { failureText, Refusal } from '../ops/tool-failure.ts';

const USAGE = 'usage: backup --to FOLDER [--keep-days N]   |   backup --to s3://BUCKET[/PREFIX]';

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
  const store = parseS3Url(values.to);
  if (store && !config.s3) throw new Refusal('S3_ENDPOINT and the keys beside it are not set');
  const folder = store ? await mkdtemp(join(tmpdir(), 'epagal-backup-')) : values.to;
  const database = await openForTool(config, createLog({ level: 'error' }));
  try {
    if (database.shared) console.log('the running server waits while its rows are read');
    const result = await writeBackup(database.sql, {
      folder,
      photosDir: join(config.dataDir, 'photos'),
      now,
    });
    const rows = Object.values(result.footer.rows).reduce((sum, count) => sum + count, 0);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(
      `${result.path}: ${rows} rows, ${result.footer.photos} photos, ${result.bytes} bytes, read back whole, in ${seconds} s`,
    );
    if (store && config.s3) {
      const target = { ...config.s3, bucket: store.bucket };
      console.log(`stored as ${await uploadToS3(result.path, result.sha256, target, store.prefix)}`);
    }
  } finally {
    await database.close();
    if (store) await rm(folder, { recursive: true, force: true });
  }
  if (keepDays !== null && !store) {
    for (const name of await deleteOutdated(folder, keepDays, now)) console.log(`deleted ${name}`);
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
