import { randomBytes } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { destination, type Point } from '../../shared/geo.ts';
import { isCedula, type Licence, type TruckType } from '../../shared/fleet.ts';
import type { Zone } from '../../shared/rules.ts';
import type { Actor } from '../../shared/actor.ts';
import { SYSTEM } from '../../shared/actor.ts';
import { hashPassword } from '../access/password.ts';
import { DEMO_LOGINS } from '../access/demo-logins.ts';
import { insertUser } from '../access/create-user.ts';
import { containers } from '../db/schema/index.ts';
import { commit, type Store } from '../events/store.ts';
import type { ContainerView } from '../fleet/container-view.ts';
import { createContainer } from '../fleet/create-container.ts';
import { createDriver } from '../fleet/create-driver.ts';
import { createTruck } from '../fleet/create-truck.ts';
import { registerDevice } from '../fleet/register-device.ts';
import { pick, streamOf } from './random.ts';

const TRUCKS: readonly { plate: string; type: TruckType; zone: Zone | null }[] = [
  { plate: 'XBA-1042', type: 'posterior', zone: 'oriental' },
  { plate: 'XBA-1057', type: 'lateral', zone: 'oriental' },
  { plate: 'XBA-1063', type: 'posterior', zone: 'oriental' },
  { plate: 'XBC-0218', type: 'posterior', zone: 'occidental' },
  { plate: 'XBC-0331', type: 'posterior', zone: 'occidental' },
  { plate: 'XBB-0774', type: 'lateral', zone: 'occidental' },
  { plate: 'XBA-1108', type: 'posterior', zone: 'oriental' },
  { plate: 'XBC-0402', type: 'lateral', zone: 'oriental' },
  { plate: 'XBB-0819', type: 'lateral', zone: 'occidental' },
  { plate: 'XBA-1120', type: 'posterior', zone: null },
  { plate: 'XBC-0455', type: 'posterior', zone: 'occidental' },
  { plate: 'XBB-0906', type: 'posterior', zone: null },
];

const DRIVER_NAMES = [
  'Conductor Uno',
  'Conductor Dos',
  'Conductor Tres',
  'Conductor Cuatro',
  'Conductor Cinco',
  'Conductor Seis',
  'Conductor Siete',
  'Conductor Ocho',
  'Conductor Nueve',
  'Conductor Diez',
  'Conductor Once',
  'Conductor Doce',
];

const LICENCES: readonly Licence[] = ['C', 'D', 'E'];
const CONTAINERS = 400;
/**
 * Containers a side loader empties in a shift of eight hours beside some incidents, with about an eighth of it to spare,
 * as a city leaves for what comes up: a truck that fails, a street that is closed.
 */
const DUE_PER_SIDE_LOADER = 54;
/** The others were emptied on the day before, so many hours before the city is made: no round of today has them. */
const EMPTIED_HOURS_AGO = { from: 4, to: 20 };
const HOUR_MS = 3_600_000;

export interface SeededCity {
  supervisor: Actor;
  trucks: { truckId: number; plate: string; token: string }[];
  /** Passwords of the drivers' phones, for the simulation alone. */
  drivers: { driverId: number; username: string; password: string }[];
  containers: number;
}

export interface SeedOptions {
  seed: number;
  /** Points on streets where people live. */
  places: readonly Point[];
  /** The nearest street to a point: containers stand at the kerb. */
  snap(point: Point): Promise<(Point & { name: string }) | null>;
  addressOf(point: Point): Promise<string | null>;
  /** 400 unless said otherwise. */
  containers?: number;
}

/** Fills an empty system with the city the demo shows: people, trucks, trackers, containers. Repeats by seed. */
export async function seedCity(store: Store, options: SeedOptions): Promise<SeededCity> {
  const random = streamOf(options.seed, 'city');
  const admin = await seedUsers(store);
  const trucks: SeededCity['trucks'] = [];
  for (const truck of TRUCKS) {
    const { id } = await createTruck(store, admin, truck);
    const { token } = await registerDevice(store, admin, { truckId: id, name: `Rastreador ${truck.plate}` });
    trucks.push({ truckId: id, plate: truck.plate, token });
  }
  const drivers: SeededCity['drivers'] = [];
  for (const [index, name] of DRIVER_NAMES.entries()) {
    const username = `conductor${index + 1}`;
    const password =
      DEMO_LOGINS.find((login) => login.username === username)?.password ??
      randomBytes(18).toString('base64url');
    const driver = await createDriver(store, admin, {
      name,
      username,
      password,
      cedula: cedulaOf(random),
      licence: LICENCES[index % LICENCES.length]!,
      zonePreference: index % 3 === 2 ? null : index % 2 === 0 ? 'oriental' : 'occidental',
    });
    drivers.push({ driverId: driver.id, username, password });
  }
  const made = await seedContainers(store, admin, options, random);
  await emptyTheOthers(store, made, random);
  return {
    supervisor: { ...admin, username: 'supervisor1', role: 'supervisor' },
    trucks,
    drivers,
    containers: made.length,
  };
}

async function seedUsers(store: Store): Promise<Extract<Actor, { kind: 'user' }>> {
  const staff = DEMO_LOGINS.filter((login) => login.role !== 'driver');
  const hashes = await Promise.all(staff.map((login) => hashPassword(login.password)));
  return commit(store, SYSTEM, async (tx, emit) => {
    let admin: Extract<Actor, { kind: 'user' }> | null = null;
    for (const [index, login] of staff.entries()) {
      const row = await insertUser(tx, emit, {
        username: login.username,
        passwordHash: hashes[index]!,
        role: login.role,
      });
      if (login.role === 'admin') admin = { kind: 'user', id: row.id, role: 'admin', username: row.username };
    }
    return admin!;
  });
}

async function seedContainers(
  store: Store,
  admin: Actor,
  options: SeedOptions,
  random: () => number,
): Promise<ContainerView[]> {
  const made: ContainerView[] = [];
  const wanted = options.containers ?? CONTAINERS;
  for (let tries = 0; made.length < wanted && tries < 3 * wanted; tries++) {
    const near = destination(pick(random, options.places), 360 * random(), 350 * Math.sqrt(random()));
    const kerb = await options.snap(near);
    if (kerb === null) continue;
    const address = await options.addressOf(kerb);
    try {
      const container = await createContainer(store, admin, {
        code: `C-${String(made.length + 1).padStart(3, '0')}`,
        lat: kerb.lat,
        lon: kerb.lon,
        everyDays: 2 + Math.floor(3 * random()),
        ...(address === null ? {} : { address }),
      });
      made.push(container);
    } catch {
      // Outside the service area: another place is drawn.
    }
  }
  return made;
}

/** Leaves each zone as many due containers as its side loaders empty in a day; the draw says which. */
async function emptyTheOthers(
  store: Store,
  made: readonly ContainerView[],
  random: () => number,
): Promise<void> {
  const notDue = (['oriental', 'occidental'] as const).flatMap((zone) => {
    const loaders = TRUCKS.filter((truck) => truck.type === 'lateral' && truck.zone === zone).length;
    return made
      .filter((container) => container.zone === zone)
      .map((container) => ({ container, draw: random() }))
      .sort((one, other) => one.draw - other.draw)
      .slice(DUE_PER_SIDE_LOADER * loaders);
  });
  await commit(store, SYSTEM, async (tx) => {
    for (const { container } of notDue) {
      const hours = EMPTIED_HOURS_AGO.from + random() * (EMPTIED_HOURS_AGO.to - EMPTIED_HOURS_AGO.from);
      await tx
        .update(containers)
        .set({ lastEmptiedAt: new Date(store.clock() - hours * HOUR_MS) })
        .where(eq(containers.id, container.id));
    }
  });
}

/** A cédula of the province of Cotopaxi that passes the check digit and belongs to nobody we know. */
function cedulaOf(random: () => number): string {
  for (;;) {
    const head = `05${Math.floor(random() * 6)}${String(Math.floor(random() * 1e6)).padStart(6, '0')}`;
    for (let digit = 0; digit <= 9; digit++) if (isCedula(`${head}${digit}`)) return `${head}${digit}`;
  }
}
