/**
 * `npm run backup -- --to FOLDER_OR_S3 [--keep-days N] [--format dump|own]`: a verified backup of the database and the
 * photos. To a store it goes by way of a temporary folder.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../config.ts';
import { makeBackup } from '../ops/backup/make.ts';
import { bringOffSite } from '../ops/backup/off-site.ts';
import { openForTool } from '../ops/backup/open.ts';
import { deleteOutdated } from '../ops/backup/retention.ts';
import { createS3Store, parseS3Url } from '../ops/backup/s3.ts';
import { createLog } from '../ops/log.ts';
import { record } from '../ops/records.ts';
import { failureText, Refusal } from '../ops/tool-failure.ts';

const USAGE =
  'usage: backup --to FOLDER [--keep-days N] [--format dump|own]   |   backup --to s3://BUCKET[/PREFIX] [--keep-days N] [--format dump|own]';
/** Nothing in a store is deleted unless asked. */
const FOR_EVER_DAYS = 36_500;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { to: { type: 'string' }, 'keep-days': { type: 'string' }, format: { type: 'string' } },
  });
  const { format } = values;
  const keepDays = values['keep-days'] === undefined ? null : Number(values['keep-days']);
  const isFormat = format === undefined || format === 'dump' || format === 'own';
  if (!values.to || !isFormat || (keepDays !== null && !(keepDays >= 1))) {
    console.error(USAGE);
    return 2;
  }
  const startedAt = performance.now();
  const now = new Date();
  const config = loadConfig(process.env, { mode: 'demo' });
  const place = parseS3Url(values.to);
  if (place && !config.s3) throw new Refusal('S3_ENDPOINT and the keys beside it are not set');
  const folder = place ? await mkdtemp(join(tmpdir(), 'epagal-backup-')) : values.to;
  const database = await openForTool(config, createLog({ level: 'error' }));
  try {
    const result = await makeBackup(database, config, { folder, now, ...(format && { format }) });
    const rows = Object.values(result.footer.rows).reduce((sum, count) => sum + count, 0);
    console.log(
      `${result.path}: ${rows} rows, ${result.footer.photos} photos, ${result.bytes} bytes, read back whole, in ${secondsSince(startedAt)} s`,
    );
    const recordedBy = userInfo().username;
    const detail = {
      path: result.path,
      bytes: result.bytes,
      rows,
      sha256: result.sha256,
      format: result.format,
    };
    if (!place) await record(database.sql, { kind: 'backup', at: now, ok: true, detail, recordedBy });
    else if (config.s3) {
      const store = createS3Store({ ...config.s3, bucket: place.bucket });
      const { newest, expired } = await bringOffSite(folder, store, {
        prefix: place.prefix,
        keepDays: keepDays ?? FOR_EVER_DAYS,
        now,
      });
      const address = `s3://${place.bucket}/${place.prefix}${newest}`;
      console.log(`stored as ${address}, listed there with its size and checksum`);
      for (const name of expired) console.log(`deleted ${name} in the store`);
      const stored = { ...detail, path: address };
      await record(database.sql, { kind: 'backup', at: now, ok: true, detail: stored, recordedBy });
      await record(database.sql, { kind: 'upload', at: now, ok: true, detail: stored, recordedBy });
    }
  } finally {
    await database.close();
    if (place) await rm(folder, { recursive: true, force: true });
  }
  if (keepDays !== null && !place) {
    for (const name of await deleteOutdated(folder, keepDays, now)) console.log(`deleted ${name}`);
  }
  return 0;
}

const secondsSince = (startedAt: number) => ((performance.now() - startedAt) / 1000).toFixed(1);

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(failureText(error));
    process.exit(1);
  },
);
