/**
 * `npm run fixtures`: an invented city for an empty staging system: people, trucks, containers and a night's reports.
 * All its accounts (admin, supervisor1, operador1, conductor1 … 12) open with FIXTURES_PASSWORD. A system that has
 * people already is left as it is.
 */
import { join } from 'node:path';
import { existsSync } from 'node:fs';
import { SYSTEM } from '../../shared/actor.ts';
import { listUsers } from '../access/list-users.ts';
import { newPassword } from '../access/password.ts';
import { updateUser } from '../access/update-user.ts';
import { openDemoLogins } from '../access/demo-logins.ts';
import { loadConfig } from '../config.ts';
import { assemble, type Assembly } from '../main.ts';
import { createLog } from '../ops/log.ts';
import { DIST, PROJECT_ROOT } from '../ops/project.ts';
import { failureText, Refusal } from '../ops/tool-failure.ts';
import { Citizens } from '../sim/citizens.ts';
import { inProcessCity } from '../sim/in-process-city.ts';
import { CITY_PLACES } from '../sim/places.ts';
import { streamOf } from '../sim/random.ts';
import { seedCity } from '../sim/seed-city.ts';

const SEED = 1;
const REPORTS = 24;
const HOUR_MS = 3_600_000;
const OLDEST_REPORT_MS = 5 * HOUR_MS;
const VALIDATED_SHARE = 0.6;

async function main(): Promise<void> {
  const password = newPassword.safeParse(process.env.FIXTURES_PASSWORD);
  if (!password.success)
    throw new Refusal('FIXTURES_PASSWORD: missing or too weak; the password of all accounts made here');
  const config = loadConfig(process.env, { mode: 'demo' });
  if (config.sentryEnvironment === 'production')
    throw new Refusal('SENTRY_ENVIRONMENT is production: fixtures are for staging');
  const nowMs = Date.now();
  // The reports come in over the hours before, each at its own time.
  let clockMs = nowMs - OLDEST_REPORT_MS;
  const shipped = existsSync(DIST.map) ? DIST.map : join(PROJECT_ROOT, 'server/roads/synthetic');
  const server = await assemble(config, {
    log: createLog({ level: 'error' }),
    clock: () => clockMs,
    seed: SEED,
    shippedMapDir: shipped,
  });
  try {
    if ((await listUsers(server.store)).length === 0) {
      const reports = await seed(server, nowMs, (ms) => (clockMs = ms));
      console.log(
        `an invented city of ${reports.trucks} trucks and ${reports.containers} containers is there`,
      );
    } else console.log('there are people already: nothing was added');
    clockMs = nowMs;
    // Also after a run that was cut off between the two steps: no account may keep a password the world knows.
    await replacePasswords(server, password.data);
  } finally {
    await server.stop();
  }
}

async function seed(server: Assembly, nowMs: number, setClock: (ms: number) => void) {
  const city = await seedCity(server.store, {
    seed: SEED,
    places: CITY_PLACES,
    snap: (point) => server.roads.nearest([point.lon, point.lat]),
    addressOf: server.services.addressOf!,
  });
  const people = inProcessCity(server.store, server.roads, city.supervisor, {
    addressOf: server.services.addressOf!,
  });
  const random = streamOf(SEED, 'fixtures');
  const citizens = new Citizens(SEED, CITY_PLACES, nowMs - OLDEST_REPORT_MS);
  for (let n = 0; n < REPORTS; n++) {
    setClock(Math.round(nowMs - OLDEST_REPORT_MS * (1 - n / REPORTS)));
    const id = await people.report(citizens.nextReport());
    // One that joined an earlier report may be validated already.
    if (random() < VALIDATED_SHARE) await people.validate(id).catch(() => undefined);
  }
  return { trucks: city.trucks.length, containers: city.containers };
}

async function replacePasswords(server: Assembly, password: string): Promise<void> {
  const open = new Set(await openDemoLogins(server.database));
  for (const user of await listUsers(server.store))
    if (open.has(user.username)) await updateUser(server.store, SYSTEM, { userId: user.id, password });
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(failureText(error));
    process.exit(1);
  },
);
