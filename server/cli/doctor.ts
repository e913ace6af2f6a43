/** `npm run doctor`: what a server would find here, one line each, without starting one. Exit 1 if it could not start. */
import { spawnSync } from 'node:child_process';
import { existsSync, statfsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { loadConfig, type Config } from '../config.ts';
import { schemaState } from '../db/migrate.ts';
import { openForTool } from '../ops/backup/open.ts';
import { createLog } from '../ops/log.ts';
import { DIST, VERSION } from '../ops/project.ts';
import { failureText } from '../ops/tool-failure.ts';

type Finding = { ok: boolean | 'note'; says: string };
const GIB = 1024 ** 3;
const ANSWER_MS = 5_000;

const CHECKS: readonly [string, (config: Config) => Promise<Finding> | Finding][] = [
  ['node', () => nodeVersion()],
  ['memory', (config) => memory(config)],
  ['pages', () => built()],
  ['folder', (config) => folder(config)],
  ['database', (config) => database(config)],
  ['router', (config) => router(config)],
  ['redis', (config) => redis(config)],
  ['proxy', (config) => proxy(config)],
];

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  return { ok, says: `${process.version}${ok ? '' : ', but 20.19 or newer is needed'}` };
}

function memory(config: Config): Finding {
  const gib = totalmem() / GIB;
  const needed = config.embedded ? 2 : 1;
  return {
    ok: gib >= needed ? true : 'note',
    says: `${gib.toFixed(1)} GiB${gib >= needed ? '' : `; ${needed} GiB are advised`}`,
  };
}

function built(): Finding {
  const there = existsSync(join(DIST.client, 'index.html')) && existsSync(join(DIST.server, 'start.js'));
  return { ok: there, says: there ? `version ${VERSION}` : 'not built: run npm run build' };
}

async function folder(config: Config): Promise<Finding> {
  await mkdir(config.dataDir, { recursive: true });
  const probe = join(config.dataDir, `.doctor-${process.pid}`);
  await writeFile(probe, 'x');
  await rm(probe);
  const { bavail, bsize } = statfsSync(config.dataDir);
  const freeGib = (bavail * bsize) / GIB;
  return {
    ok: freeGib > 2 ? true : 'note',
    says: `${config.dataDir} can be written, ${freeGib.toFixed(1)} GiB free`,
  };
}

async function database(config: Config): Promise<Finding> {
  const db = await openForTool(config, createLog({ level: 'silent' }));
  try {
    const [found] = await db.sql<{ version: string; postgis: string | null }[]>`
      select current_setting('server_version') as version,
        (select extversion from pg_extension where extname = 'postgis') as postgis`;
    const what = `${db.kind === 'embedded' ? 'embedded, ' : ''}PostgreSQL ${found?.version}, PostGIS ${found?.postgis ?? 'not yet'}`;
    const { state, current, latest } = await schemaState(db.sql);
    if (state === 'behind')
      return { ok: false, says: `${what}; schema at ${current ?? 'nothing'}: run npm run db:migrate` };
    if (state === 'ahead') return { ok: false, says: `${what}; schema at ${current}, newer than ${latest}` };
    return { ok: true, says: `${what}; schema ${current}` };
  } finally {
    await db.close();
  }
}

async function router(config: Config): Promise<Finding> {
  if (config.osrmUrl === null) {
    const imported = existsSync(join(config.dataDir, 'map', 'roads.graph'));
    return { ok: true, says: imported ? 'embedded, its map is imported' : 'embedded, the shipped map' };
  }
  const answer = await fetch(`${config.osrmUrl}/nearest/v1/driving/-78.6155,-0.9352`, {
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  return { ok: answer.ok ? true : 'note', says: `${config.osrmUrl} answers ${answer.status}` };
}

async function redis(config: Config): Promise<Finding> {
  if (config.redisUrl === null) return { ok: true, says: 'none: one server instance' };
  const client = createClient({
    url: config.redisUrl,
    socket: { connectTimeout: ANSWER_MS, reconnectStrategy: false },
  });
  client.on('error', () => undefined);
  await client.connect();
  await client.ping();
  client.destroy();
  return { ok: true, says: 'answers' };
}

function proxy(config: Config): Finding {
  const secure = config.publicUrl?.startsWith('https:') ?? false;
  if (secure && config.trustProxy === false) {
    return {
      ok: 'note',
      says: 'PUBLIC_URL is https and TRUST_PROXY is unset: limits will see one address for everybody',
    };
  }
  return { ok: true, says: config.publicUrl ?? 'none' };
}

async function main(): Promise<number> {
  const config = loadConfig(process.env, { mode: 'production' });
  let broken = 0;
  for (const [name, check] of CHECKS) {
    const finding = await Promise.resolve()
      .then(() => check(config))
      .catch((error: unknown): Finding => ({ ok: false, says: failureText(error) }));
    if (finding.ok === false) broken += 1;
    const sign = finding.ok === true ? 'ok  ' : finding.ok === 'note' ? 'note' : 'BAD ';
    console.log(`${sign} ${name.padEnd(9)} ${finding.says}`);
  }
  const clock = spawnSync('timedatectl', ['show', '-p', 'NTPSynchronized', '--value'], { encoding: 'utf8' });
  if (clock.stdout?.trim() === 'no')
    console.log('note clock     is not synchronised: fixes of trackers may look future or old');
  return broken > 0 ? 1 : 0;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(failureText(error));
    process.exit(1);
  },
);
