import { connectDatabase } from '../server/db/connect.ts';
import { migrateUp } from '../server/db/migrate.ts';
import { loadConfig } from '../server/config.ts';
import { assemble, type Assembly } from '../server/main.ts';
import { DIST } from '../server/ops/project.ts';
import { silentLog } from '../server/ops/log.ts';
import { insertUser } from '../server/access/create-user.ts';
import { generate } from '../server/dispatch/generate.ts';
import { currentPlan } from '../server/dispatch/current-plan.ts';
import { commit } from '../server/events/store.ts';
import { createAssignment } from '../server/fleet/assignment-create.ts';
import { startAssignment } from '../server/fleet/assignment-start.ts';
import { createContainer } from '../server/fleet/create-container.ts';
import { createDriver } from '../server/fleet/create-driver.ts';
import { createTruck } from '../server/fleet/create-truck.ts';
import { departForStop } from '../server/fleet/stop-depart.ts';
import { reportIncident } from '../server/incidents/report.ts';
import { validateIncident } from '../server/incidents/validate.ts';
import { currentRules } from '../server/rules/current.ts';
import { updateRules } from '../server/rules/update.ts';
import { CITY_PLACES } from '../server/sim/places.ts';
import { pick, streamOf } from '../server/sim/random.ts';
import { destination, type Point } from '../shared/geo.ts';
import { isCedula } from '../shared/fleet.ts';
import type { Actor } from '../shared/actor.ts';

export interface World {
  assembly: Assembly;
  admin: Actor;
  random: () => number;
  somewhere(): Point;
  /** Every truck at work stands somewhere else than before, as it does by the next question. */
  drive(): void;
}

/**
 * A real server in this process — PostgreSQL, embedded router, warm planner — with one zone of this many trucks and
 * stops, two thirds of them on the road: the size the promises of speed are given for.
 */
export async function openWorld(databaseUrl: string, trucks: number, stops: number): Promise<World> {
  const log = silentLog();
  const bare = await connectDatabase({ databaseUrl, log });
  await migrateUp(bare.sql);
  await bare.close();
  const assembly = await assemble(loadConfig({ DATABASE_URL: databaseUrl }, { mode: 'test' }), {
    log,
    shippedMapDir: DIST.map,
    mapDataDir: DIST.map,
  });
  const { store, dispatch } = assembly;
  const random = streamOf(7, `replan:${trucks}:${stops}`);
  const places = CITY_PLACES.filter((place) => place.lon > -78.615);
  const somewhere = (): Point => {
    const at = destination(pick(random, places), 360 * random(), 300 * Math.sqrt(random()));
    return { lat: at.lat, lon: Math.max(at.lon, -78.6149) };
  };
  const positions = new Map<number, Point>();
  dispatch.positionOf = (truckId) => positions.get(truckId) ?? null;
  const user = await commit(store, { kind: 'system' }, (tx, emit) =>
    insertUser(tx, emit, { username: 'bench', passwordHash: 'no-login', role: 'admin' }),
  );
  const admin: Actor = { kind: 'user', id: user.id, role: 'admin', username: 'bench' };
  const { rules } = await currentRules(store.database.db);
  await updateRules(store, admin, {
    rules: { ...rules, thresholdSeverity: 10_000, shiftS: Math.round((7_200 * stops) / trucks / 12.5) },
  });
  for (let n = 0; n < trucks; n++) {
    const type = n % 3 === 0 ? 'posterior' : 'lateral';
    await createTruck(store, admin, { plate: `BEN-${1000 + n}`, type, zone: 'oriental' });
    await createDriver(store, admin, {
      name: `Conductor ${n}`,
      username: `chofer${n}`,
      password: 'una-clave-larga',
      cedula: cedulaOf(n),
      licence: 'E',
    });
  }
  const incidents = Math.round(stops * 0.15);
  for (let n = 0; n < stops - incidents; n++) {
    await createContainer(store, admin, { code: `C-${n}`, ...somewhere() });
  }
  for (let n = 0; n < incidents; n++) {
    const { id } = await reportIncident(
      store,
      { kind: 'citizen' },
      { type: n % 4 === 0 ? 'zona_critica' : 'acopio', ...somewhere() },
    );
    // A report beside another joins it.
    await validateIncident(store, admin, id).catch(() => undefined);
  }
  await generate(dispatch, admin, { zone: 'oriental', containers: true });
  const plan = await currentPlan(store, admin);
  const drive = () => {
    for (const route of plan.routes) positions.set(route.truckId, somewhere());
  };
  for (const [index, route] of plan.routes.entries()) {
    if (index % 3 === 2) continue;
    const assignment = await createAssignment(store, admin, { routeId: route.id, driverId: index + 1 });
    await startAssignment(store, admin, assignment.id);
    const first = route.stops.find((stop) => stop.kind !== 'depot');
    if (first !== undefined) await departForStop(store, admin, first.id);
  }
  drive();
  return { assembly, admin, random, somewhere, drive };
}

function cedulaOf(n: number): string {
  const head = `050${String(n + 1).padStart(6, '0')}`;
  for (let digit = 0; digit < 10; digit++) if (isCedula(`${head}${digit}`)) return `${head}${digit}`;
  throw new Error('no check digit fits');
}
