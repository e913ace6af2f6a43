import { existsSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Readable, Writable } from 'node:stream';
import type { Sql } from '../../db/connect.ts';
import { migrateUp, readMigrations } from '../../db/migrate.ts';
import { WORK_SCHEMA } from '../../db/track-partitions.ts';
import { quoted } from './catalogue.ts';
import { contentsOf } from './contents.ts';
import { photosPath, requirePrograms, verifyDump } from './dump.ts';
import { BackupError, refuseDifferences, type Footer } from './format.ts';
import { unpackPhotos } from './photos-archive.ts';
import { pgEnvironment, run } from './pg-programs.ts';
import { holdsEvents, migrationsOf, type RestoreResult } from './restore.ts';

/**
 * Puts a dump into a PostgreSQL database with `pg_restore`: what it replaces goes and what it brings comes in one
 * transaction, in which the rows are counted before it commits; then the event log is compared, the photos are
 * unpacked, and the migrations that came since are applied.
 * @param sql for the questions; the rows travel by PostgreSQL's own programs to `databaseUrl`, the same database
 * @throws BackupError when the dump is not whole, is newer than this program, or the database is in use
 */
export async function restoreDump(
  sql: Sql,
  path: string,
  options: { databaseUrl: string; photosDir: string; replace?: boolean },
): Promise<RestoreResult> {
  const { header, footer } = await verifyDump(path);
  migrationsOf(header);
  if (!options.replace && (await holdsEvents(sql))) {
    throw new BackupError('the database is in use; to replace everything in it, add --replace');
  }
  const [server] = await sql.unsafe<{ major: number }[]>(
    "select current_setting('server_version_num')::int / 10000 as major",
  );
  const programs = await requirePrograms(server?.major);
  const goes = await statementsThatEmpty(sql);

  const psql = run(
    programs.psql,
    ['--no-psqlrc', '--quiet', '--no-password', '--output=/dev/null', '--set=ON_ERROR_STOP=1', '--file=-'],
    { stdin: true, env: { ...pgEnvironment(options.databaseUrl), PGOPTIONS: '-c statement_timeout=0' } },
  );
  const script = psql.child.stdin as Writable;
  // psql may end at the first error, with more on its way: its own complaint says why.
  script.on('error', () => undefined);
  script.write(`begin;\ndrop schema if exists ${WORK_SCHEMA} cascade;\n${goes.join('\n')}\n`);
  const args = ['--no-owner', '--no-privileges', '--no-comments', '--exit-on-error', '--file=-', path];
  const restoring = run(programs.pgRestore, args, { stdout: true });
  const fed = pipeline(restoring.child.stdout as Readable, script, { end: false }).then(
    () => restoring.ended,
  );
  await Promise.race([fed, psql.ended]).catch(() => undefined);
  const isFed = await fed.then(
    () => true,
    () => false,
  );
  script.end(isFed ? `${countsAsExpected(footer)}\ncommit;\n` : 'rollback;\n');
  await psql.ended;
  if (!isFed) await fed;

  const found = await sql.begin((tx) => contentsOf(tx));
  refuseDifferences(footer, { ...found, photos: footer.photos });
  // Statistics are no part of a dump; without them the first plans of the day are slow ones.
  await sql.unsafe('analyze');
  if (existsSync(photosPath(path))) await unpackPhotos(photosPath(path), options.photosDir);
  const migrated = await migrateUp(sql);
  return { header, footer, migrated };
}

/**
 * Takes away what the migrations made, by their own ways back and therefore by name: tables of somebody else in the
 * same database stay, and so does PostGIS.
 */
async function statementsThatEmpty(sql: Sql): Promise<string[]> {
  const [found] = await sql.unsafe<{ table: string | null }[]>(
    "select to_regclass('public.schema_migrations')::text as table",
  );
  if (!found?.table) return [];
  // The way back lies beside each migration; an older database has it in the program alone.
  const applied = await sql.unsafe<{ name: string; down: string | null }[]>(
    "select name, to_jsonb(m) ->> 'down' as down from schema_migrations m order by position",
  );
  const known = new Map(readMigrations().map((migration) => [migration.name, migration]));
  const ways = applied.map(({ name, down }) => {
    const way = known.get(name)?.down ?? down;
    if (!way) throw new BackupError(`the database is at ${name}, which this program does not know`);
    return way;
  });
  return [
    ...ways
      .slice(1)
      .toReversed()
      .map((way) => way.trim().replace(/;?$/, ';')),
    'drop table schema_migrations;',
  ];
}

/** Inside the transaction: a restore that brought other rows than were backed up never happened. */
function countsAsExpected({ rows }: Footer): string {
  const checks = Object.entries(rows).map(
    ([table, count]) =>
      `if (select count(*) from public.${quoted(table)}) <> ${count} then
         raise exception '${table}: % rows where ${count} are expected', (select count(*) from public.${quoted(table)});
       end if;`,
  );
  return `do $check$ begin\n${checks.join('\n')}\nend $check$;`;
}
