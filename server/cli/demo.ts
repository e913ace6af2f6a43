/**
 * `npm run demo`: a whole city on one machine. Builds what is missing, starts the server on an embedded database of
 * its own, seeds the city, lives through the first hour of a shift, and goes on from there in real time.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DEMO_LOGINS } from '../access/demo-logins.ts';
import { loadConfig } from '../config.ts';
import { lockFolder } from '../db/embedded-lock.ts';
import { generate } from '../dispatch/generate.ts';
import { assemble, type Assembly } from '../main.ts';
import { createLog } from '../ops/log.ts';
import { createAssignment } from '../fleet/assignment-create.ts';
import { currentPlan } from '../dispatch/current-plan.ts';
import { DIST, PROJECT_ROOT } from '../ops/project.ts';
import { failureText, Refusal } from '../ops/tool-failure.ts';
import { inProcessCity } from '../sim/in-process-city.ts';
import { Citizens } from '../sim/citizens.ts';
import { Day } from '../sim/day.ts';
import { DeviceLink } from '../sim/device-link.ts';
import { CITY_PLACES } from '../sim/places.ts';
import { remoteCity, signIn } from '../sim/remote-city.ts';
import { seedCity, type SeededCity } from '../sim/seed-city.ts';
import type { SimFix } from '../sim/city.ts';
import { streamOf } from '../sim/random.ts';
import { ensureBuilt, isBuilt } from './build.ts';

const HOUR_MS = 3_600_000;
/** The shift is laid around the start: it began an hour ago. */
const SHIFT_BEGAN_MS = HOUR_MS;
/** Reports of the night before, and how old the oldest is. */
const NIGHT_REPORTS = 34;
const NIGHT_MS = 7 * HOUR_MS;
/** This driver's route is planned and waits for a person to try it. */
const RESERVED_DRIVER = 'conductor4';

async function main(): Promise<void> {
  const startedAt = performance.now();
  const seed = Number(process.env.DEMO_SEED ?? '1');
  const given = loadConfig(process.env, { mode: 'demo' });
  const config = { ...given, dataDir: join(given.dataDir, 'demo') };
  const log = createLog({
    level: given.logLevel === 'info' ? 'warn' : (given.logLevel as 'warn'),
    pretty: true,
  });
  const say = (line: string) => console.log(line);

  await requireFreePort(given.port, given.host);
  const lock = join(given.dataDir, 'demo.lock');
  await mkdir(given.dataDir, { recursive: true });
  // Two demos in one folder: the second would wipe the day of the first.
  const unlock = await lockFolder(lock, join(config.dataDir, '.none'));
  process.once('exit', unlock);
  say('EPAGAL: preparando la demostración…');
  // The server runs from its sources and imports the map itself where no build has: only the pages are needed.
  const built = ensureBuilt(['client']);
  // Looked at when it is needed; until then a failed build is no unhandled rejection.
  built.catch(() => undefined);
  // Every demo begins a fresh day; what an earlier one left would be yesterday's.
  await rm(config.dataDir, { recursive: true, force: true });
  await mkdir(config.dataDir, { recursive: true });

  const openedMs = Date.now();
  let simulatedMs: number | null = openedMs - SHIFT_BEGAN_MS - NIGHT_MS;
  const clock = () => simulatedMs ?? Date.now();
  const setClock = (nowMs: number | null) => (simulatedMs = nowMs);
  const server = await assemble(config, {
    log,
    clock,
    seed,
    migrate: true,
    mapDataDir: given.dataDir,
    shippedMapDir: isBuilt('map') ? DIST.map : join(PROJECT_ROOT, 'server/roads/synthetic'),
  });
  say(`  base de datos y calles listas (${elapsed(startedAt)} s)`);

  const city = await seedCity(server.store, {
    seed,
    places: CITY_PLACES,
    snap: (point) => server.roads.nearest([point.lon, point.lat]),
    addressOf: server.services.addressOf!,
  });
  say(
    `  ciudad sembrada: ${city.trucks.length} camiones, ${city.containers} contenedores (${elapsed(startedAt)} s)`,
  );
  const fixes = new Map<number, SimFix[]>();
  const day = await liveTheMorning(server, city, seed, openedMs, setClock, fixes);
  await built;
  setClock(null);
  server.react();
  const url = await server.listen();
  const stopLive = await goLive(server, city, day, url, seed, fixes);

  say(`  turno en marcha desde hace una hora (${elapsed(startedAt)} s)\n`);
  say(`ready ${url}\n`);
  say(`  Ciudadanía      ${url}/`);
  say(`  Sala de control ${url}/control`);
  say(`  Conductor       ${url}/driver`);
  say(`  Administración  ${url}/admin\n`);
  for (const login of DEMO_LOGINS)
    say(`  ${login.username.padEnd(12)} ${login.password.padEnd(14)} ${login.role}`);
  say('\nCtrl-C para terminar.');

  const stop = onceStopped();
  await stop;
  say('\nCerrando…');
  stopLive();
  await server.stop();
}

/** The night's reports, the first plan of the day, and the shift's first hour, as fast as they go. */
async function liveTheMorning(
  server: Assembly,
  city: SeededCity,
  seed: number,
  openedMs: number,
  setClock: (nowMs: number) => void,
  fixes: Map<number, SimFix[]>,
): Promise<Day> {
  const { store } = server;
  const shiftMs = openedMs - SHIFT_BEGAN_MS;
  const reserved = new Set(
    city.drivers.filter((driver) => driver.username === RESERVED_DRIVER).map((driver) => driver.driverId),
  );
  const people = inProcessCity(store, server.roads, city.supervisor, {
    reserved,
    ...(server.services.addressOf === undefined ? {} : { addressOf: server.services.addressOf }),
  });
  const random = streamOf(seed, 'night');
  const citizens = new Citizens(seed ^ 0x5eed, CITY_PLACES, shiftMs);
  const instants = Array.from({ length: NIGHT_REPORTS }, () => shiftMs - NIGHT_MS * random() ** 2).sort();
  for (const atMs of instants) {
    setClock(Math.round(atMs));
    const report = citizens.nextReport();
    // Nobody would leave a dead animal for hours: those come with the day.
    const id = await people.report({
      ...report,
      type: report.type === 'animal_muerto' ? 'acopio' : report.type,
    });
    if (random() < 0.9) await people.validate(id).catch(() => undefined);
  }
  setClock(shiftMs);
  for (const zone of ['oriental', 'occidental'] as const) {
    await generate(server.dispatch, city.supervisor, { zone, containers: true, reason: 'shift' });
  }
  await giveDrivers(server, city, shiftMs);

  const day = new Day({
    seed,
    trucks: await automaticTrucks(server, city, reserved),
    home: { lat: -0.936, lon: -78.613 },
    places: CITY_PLACES,
    startMs: shiftMs,
    onFix: (truckId, fix) => {
      const kept = fixes.get(truckId);
      if (kept === undefined) fixes.set(truckId, [fix]);
      else kept.push(fix);
    },
  });
  await day.run(people, shiftMs, openedMs, setClock);
  return day;
}

/** One occidental route waits, planned, for whoever signs in as the reserved driver; the rest set out. */
async function giveDrivers(server: Assembly, city: SeededCity, shiftMs: number): Promise<void> {
  const { routes } = await currentPlan(server.store, city.supervisor);
  const waiting = routes.filter((route) => route.zone === 'occidental').at(-1);
  const drivers = [...city.drivers];
  const take = (username: string) =>
    drivers.splice(
      drivers.findIndex((d) => d.username === username),
      1,
    )[0]!;
  const reserved = take(RESERVED_DRIVER);
  for (const [index, route] of routes.entries()) {
    const own = route.id === waiting?.id;
    const driver = own ? reserved : drivers.shift();
    if (driver === undefined) return;
    const startMs = own ? shiftMs + 3 * HOUR_MS : shiftMs + 4 * 60_000 * index;
    await createAssignment(server.store, city.supervisor, {
      routeId: route.id,
      driverId: driver.driverId,
      scheduledStart: new Date(startMs).toISOString(),
    });
  }
}

async function automaticTrucks(server: Assembly, city: SeededCity, reserved: ReadonlySet<number>) {
  const { routes } = await currentPlan(server.store, city.supervisor);
  const waiting = new Set(
    routes.filter((route) => reserved.has(route.driverId ?? -1)).map((route) => route.truckId),
  );
  return city.trucks.map(({ truckId }) => ({ truckId, automatic: !waiting.has(truckId) }));
}

/** From here on everybody is a real client: trackers over websockets, people over the API. */
async function goLive(
  server: Assembly,
  seeded: SeededCity,
  day: Day,
  url: string,
  seed: number,
  fixes: Map<number, SimFix[]>,
): Promise<() => void> {
  const links = new Map(
    seeded.trucks.map(({ truckId, token, plate }) => [
      truckId,
      new DeviceLink({ url, token, seed, name: plate, flaky: true }),
    ]),
  );
  // What the trackers kept during the first hour is sent as any tracker sends after a dead spot.
  for (const [truckId, kept] of fixes) for (const fix of kept) links.get(truckId)?.push(fix);
  await Promise.all([...links.values()].map((link) => link.drained()));
  day.onFix = (truckId, fix) => links.get(truckId)?.push(fix);

  const desk = DEMO_LOGINS.find((login) => login.role === 'supervisor')!;
  const tokens = new Map<number, Promise<string>>();
  const city = remoteCity({
    url,
    supervisorToken: await signIn(url, desk.username, desk.password),
    driverToken: async (driverId) => {
      const driver = seeded.drivers.find((other) => other.driverId === driverId);
      if (driver === undefined) return null;
      if (!tokens.has(driverId)) tokens.set(driverId, signIn(url, driver.username, driver.password));
      return tokens.get(driverId)!;
    },
    reserved: new Set(
      seeded.drivers.filter((driver) => driver.username === RESERVED_DRIVER).map((driver) => driver.driverId),
    ),
  });
  await mkdir(join(server.config.dataDir, 'sim'), { recursive: true });
  await writeFile(
    join(server.config.dataDir, 'sim', 'devices.json'),
    JSON.stringify(seeded.trucks, null, 1),
    { mode: 0o600 },
  );
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    day
      .step(city, Date.now())
      .catch((error: unknown) => server.services.log.warn({ err: error }, 'a simulated step failed'))
      .finally(() => (busy = false));
  }, 1_000);
  return () => {
    clearInterval(timer);
    for (const link of links.values()) link.close();
  };
}

/** A taken port is said before a minute of work, not after it. */
function requireFreePort(port: number, host: string): Promise<void> {
  if (port === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Refusal(`port ${port} is taken by another program: stop it, or set PORT to another one`)
          : error,
      ),
    );
    probe.listen(port, host, () => probe.close(() => resolve()));
  });
}

function elapsed(startedAt: number): string {
  return ((performance.now() - startedAt) / 1_000).toFixed(1);
}

function onceStopped(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
}

main().catch((error: unknown) => {
  console.error(failureText(error));
  process.exit(1);
});
