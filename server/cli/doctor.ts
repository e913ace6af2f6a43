/**
 * `npm run doctor [-- --json] [--start]`: what a server finds here, and the thirteen lines of the production checklist,
 * seen on the running system. Exit 1 if anything is missing. `--start` looks only at what a start needs.
 * `npm run doctor -- --record KIND --by ADMIN [--note TEXT] [--file RESULT] [--failed]`: what was done by people.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { loadConfig, type Config } from '../config.ts';
import { schemaState } from '../db/migrate.ts';
import { openForTool, type ToolDatabase } from '../ops/backup/open.ts';
import { productionChecklist, surroundings } from '../ops/doctor/checklist.ts';
import type { NamedFinding, Patient } from '../ops/doctor/finding.ts';
import { createLog } from '../ops/log.ts';
import { VERSION } from '../ops/project.ts';
import { record, RECORD_KINDS, type RecordKind } from '../ops/records.ts';
import { failureText, Refusal } from '../ops/tool-failure.ts';

/** Those the product records by itself are not for people to write. */
const BY_PEOPLE = RECORD_KINDS.filter((kind) => kind !== 'backup' && kind !== 'upload');
const USAGE = `usage: doctor [--start] [--json]
       doctor --record ${BY_PEOPLE.join('|')} --by ADMIN [--note TEXT] [--file RESULT] [--failed]`;
const SIGNS = { ok: 'ok     ', note: 'note   ', missing: 'MISSING' } as const;
const ANSWER_MS = 5_000;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean' },
      start: { type: 'boolean' },
      record: { type: 'string' },
      by: { type: 'string' },
      note: { type: 'string' },
      file: { type: 'string' },
      failed: { type: 'boolean' },
    },
  });
  const config = loadConfig(process.env, { mode: 'production' });
  if (values.record !== undefined) {
    const kind = BY_PEOPLE.find((candidate) => candidate === values.record);
    if (!kind || !values.by) {
      console.error(USAGE);
      return 2;
    }
    return write(config, kind, { ...values, by: values.by });
  }
  const patient = await receive(config);
  try {
    const around = await surroundings(patient);
    const checklist = values.start ? [] : await productionChecklist(await asFarAsReadable(patient));
    const missing = [...around, ...checklist].filter(({ state }) => state === 'missing').length;
    if (values.json)
      console.log(JSON.stringify({ ok: missing === 0, missing, surroundings: around, checklist }));
    else print(around, checklist, missing);
    return missing > 0 ? 1 : 0;
  } finally {
    await patient.database?.close();
  }
}

async function receive(config: Config): Promise<Patient> {
  const host = config.host === '0.0.0.0' || config.host === '::' ? '127.0.0.1' : config.host;
  const localUrl = `http://${host.includes(':') ? `[${host}]` : host}:${config.port}`;
  const isServing = await fetch(`${localUrl}/health/live`, { signal: AbortSignal.timeout(ANSWER_MS) }).then(
    ({ ok }) => ok,
    () => false,
  );
  const patient = { config, env: process.env, now: new Date(), localUrl, isServing };
  try {
    return { ...patient, database: await openDatabase(config), databaseProblem: null };
  } catch (error) {
    return { ...patient, database: null, databaseProblem: failureText(error).split('\n')[0] ?? 'unknown' };
  }
}

/** Records and users cannot be read from tables of another version. */
async function asFarAsReadable(patient: Patient): Promise<Patient> {
  if (!patient.database) return patient;
  const { state } = await schemaState(patient.database.sql);
  if (state === 'current') return patient;
  return { ...patient, database: null, databaseProblem: `the schema is ${state}` };
}

async function openDatabase(config: Config): Promise<ToolDatabase> {
  const database = await openForTool(config, createLog({ level: 'silent' }));
  try {
    await database.sql`select 1`;
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

function print(around: NamedFinding[], checklist: NamedFinding[], missing: number): void {
  const line = ({ state, name, says, cure }: NamedFinding, label: string) => {
    console.log(`${SIGNS[state]} ${label} ${says}`);
    if (cure) console.log(`${' '.repeat(SIGNS[state].length)} ${' '.repeat(label.length)} → ${cure}`);
    return name;
  };
  for (const finding of around) line(finding, finding.name.padEnd(9));
  if (checklist.length > 0) console.log('\nProduction checklist');
  for (const [n, finding] of checklist.entries())
    line(finding, `${String(n + 1).padStart(2)} ${finding.name.padEnd(21)}`);
  console.log(missing === 0 ? '\nnothing is missing' : `\n${missing} missing`);
}

async function write(
  config: Config,
  kind: RecordKind,
  given: { by: string; note?: string; file?: string; failed?: boolean },
): Promise<number> {
  const numbers = given.file === undefined ? {} : await resultIn(given.file);
  if (kind === 'load-test' && Object.keys(numbers).length === 0)
    throw new Refusal('a load test is recorded with its numbers: --file RESULT');
  const database = await openDatabase(config);
  try {
    const by = given.by.trim().toLowerCase();
    const [admin] = await database.sql<{ id: number }[]>`
      select id from users where username = ${by} and role = 'admin' and active`;
    if (!admin) throw new Refusal(`${by} is no active admin: --by names who answers for this`);
    await record(database.sql, {
      kind,
      at: new Date(),
      ok: !given.failed,
      detail: { ...numbers, version: VERSION, ...(given.note && { note: given.note.slice(0, 500) }) },
      recordedBy: by,
    });
    console.log(`recorded: ${kind}${given.failed ? ', failed' : ''}, by ${by}`);
    return 0;
  } finally {
    await database.close();
  }
}

/** The last line that is JSON, as the benches end; numbers and short texts of it are kept. */
async function resultIn(path: string): Promise<Record<string, unknown>> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.trim().startsWith('{'));
  let result: unknown;
  try {
    result = JSON.parse(lines.at(-1) ?? '');
  } catch {
    throw new Refusal(`${path} does not end with a line of JSON, as npm run bench:ingest does`);
  }
  return Object.fromEntries(
    Object.entries(result as object)
      .filter(([, value]) => typeof value === 'number' || (typeof value === 'string' && value.length < 100))
      .slice(0, 20),
  );
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(failureText(error));
    process.exit(1);
  },
);
