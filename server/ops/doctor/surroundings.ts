import { spawnSync } from 'node:child_process';
import { existsSync, statfsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import type { Config } from '../../config.ts';
import { schemaState } from '../../db/migrate.ts';
import { DIST, VERSION } from '../project.ts';
import { missing, noDatabase, note, ok, type Finding, type Patient } from './finding.ts';

const GIB = 1024 ** 3;
const ANSWER_MS = 5_000;

/** What a server needs to start and to work here. */
export const SURROUNDINGS: readonly [string, (patient: Patient) => Promise<Finding> | Finding][] = [
  ['node', () => nodeVersion()],
  ['memory', ({ config }) => memory(config)],
  ['pages', () => built()],
  ['folder', ({ config }) => folder(config)],
  ['database', (patient) => database(patient)],
  ['router', ({ config }) => router(config)],
  ['redis', ({ config }) => redis(config)],
  ['proxy', ({ config }) => proxy(config)],
  ['clock', () => clock()],
];

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 20 || (major === 20 && minor >= 19)
    ? ok(process.version)
    : missing(process.version, 'install Node 20.19 or newer');
}

function memory(config: Config): Finding {
  const gib = totalmem() / GIB;
  const needed = config.embedded ? 2 : 1;
  const says = `${gib.toFixed(1)} GiB`;
  return gib >= needed ? ok(says) : note(`${says}; ${needed} GiB are advised`);
}

function built(): Finding {
  const isThere = existsSync(join(DIST.client, 'index.html')) && existsSync(join(DIST.server, 'start.js'));
  return isThere ? ok(`version ${VERSION}`) : missing('not built', 'run npm run build');
}

async function folder(config: Config): Promise<Finding> {
  await mkdir(config.dataDir, { recursive: true });
  const probe = join(config.dataDir, `.doctor-${process.pid}`);
  await writeFile(probe, 'x');
  await rm(probe);
  const { bavail, bsize, blocks } = statfsSync(config.dataDir);
  const freeGib = (bavail * bsize) / GIB;
  const says = `${config.dataDir} can be written, ${freeGib.toFixed(1)} GiB free`;
  const isRoomy = freeGib > 2 && bavail / blocks > 0.05;
  return isRoomy ? ok(says) : note(says, 'make room: see "the disk fills" in docs/operations.md');
}

async function database(patient: Patient): Promise<Finding> {
  const { database: db } = patient;
  if (!db) return noDatabase(patient);
  const [found] = await db.sql<{ version: string; postgis: string | null }[]>`
    select current_setting('server_version') as version,
      (select extversion from pg_extension where extname = 'postgis') as postgis`;
  const kind = db.kind === 'embedded' ? 'embedded, ' : '';
  const what = `${kind}PostgreSQL ${found?.version}, PostGIS ${found?.postgis ?? 'not yet'}`;
  const { state, current, latest } = await schemaState(db.sql);
  if (state === 'behind')
    return missing(`${what}; schema at ${current ?? 'nothing'}`, 'run npm run db:migrate');
  if (state === 'ahead')
    return missing(`${what}; schema at ${current}, newer than ${latest}`, 'start the newer release');
  return ok(`${what}; schema ${current}`);
}

async function router(config: Config): Promise<Finding> {
  if (config.osrmUrl === null) {
    const isImported = existsSync(join(config.dataDir, 'map', 'roads.graph'));
    return ok(isImported ? 'embedded, its map is imported' : 'embedded, the shipped map');
  }
  const cure = 'restart OSRM; meanwhile plans go on with kept tables and straight lines';
  try {
    const answer = await fetch(`${config.osrmUrl}/nearest/v1/driving/-78.6155,-0.9352`, {
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    return answer.ok
      ? ok(`${config.osrmUrl} answers`)
      : note(`${config.osrmUrl} answers ${answer.status}`, cure);
  } catch (error) {
    const why =
      (error as Error).name === 'TimeoutError' ? `no answer in ${ANSWER_MS / 1_000} s` : 'unreachable';
    return note(`${config.osrmUrl}: ${why}`, cure);
  }
}

async function redis(config: Config): Promise<Finding> {
  if (config.redisUrl === null) return ok('none: one server instance');
  const client = createClient({
    url: config.redisUrl,
    socket: { connectTimeout: ANSWER_MS, reconnectStrategy: false },
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.ping();
    return ok('answers');
  } catch {
    return note(
      'does not answer',
      'restart Redis; meanwhile nothing is lost and each instance goes on alone',
    );
  } finally {
    client.destroy();
  }
}

function proxy(config: Config): Finding {
  const isSecure = config.publicUrl?.startsWith('https:') ?? false;
  if (isSecure && config.trustProxy === false) {
    return note(
      'PUBLIC_URL is https and TRUST_PROXY is unset: limits see one address for everybody',
      'TRUST_PROXY=1',
    );
  }
  return ok(config.publicUrl ?? 'none');
}

function clock(): Finding {
  const { stdout } = spawnSync('timedatectl', ['show', '-p', 'NTPSynchronized', '--value'], {
    encoding: 'utf8',
  });
  return stdout?.trim() === 'no'
    ? note('is not synchronised: fixes of trackers may look future or old', 'timedatectl set-ntp true')
    : ok(new Date().toISOString());
}
