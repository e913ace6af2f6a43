/**
 * `npm run sim -- --trucks N --hz F --minutes M --url URL [--seed S]`: N trucks as real websocket clients of a running
 * system. Trucks that are missing are registered through the API as SIM_USER/SIM_PASSWORD; the tokens of their devices
 * are kept in DATA_DIR/sim/, since a token is shown only once.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { lineLengthM, pointAlong, type LonLat } from '../../shared/geo.ts';
import { DeviceLink } from '../sim/device-link.ts';
import { CITY_PLACES } from '../sim/places.ts';
import { gaussian, pick, streamOf } from '../sim/random.ts';
import { apiClient, remoteCity, signIn, type Api } from '../sim/remote-city.ts';

const WAYS = 60;
const METRES_PER_DEGREE = 111_320;
const MEAN_SPEED_MPS = 6.5;

const options = z.object({
  trucks: z.coerce.number().int().min(1).max(20_000),
  hz: z.coerce.number().min(0.01).max(50),
  minutes: z.coerce
    .number()
    .positive()
    .max(7 * 24 * 60),
  url: z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/$/, '')),
  seed: z.coerce.number().int().default(1),
});

const tokenFile = z.array(z.object({ truckId: z.number(), plate: z.string(), token: z.string() }));
type Known = z.infer<typeof tokenFile>;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      trucks: { type: 'string', default: '12' },
      hz: { type: 'string', default: '0.2' },
      minutes: { type: 'string', default: '10' },
      url: { type: 'string' },
      seed: { type: 'string', default: '1' },
    },
  });
  const parsed = options.safeParse(values);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) console.error(`--${issue.path.join('.')}: ${issue.message}`);
    process.exit(2);
  }
  const given = parsed.data;
  const username = process.env.SIM_USER;
  const password = process.env.SIM_PASSWORD;
  if (!username || !password) {
    console.error('SIM_USER, SIM_PASSWORD: missing; an account that may register trucks');
    process.exit(2);
  }
  const token = await signIn(given.url, username, password);
  const api = apiClient(given.url, token);
  const trucks = await registered(api, given.trucks, new URL(given.url).host);
  const ways = await drawWays(given.url, token, given.seed);
  console.log(`${trucks.length} trucks at ${given.hz} Hz for ${given.minutes} min → ${given.url}`);
  await drive(trucks, ways, given);
}

/** The first n trucks with a known token, registering what is missing. */
async function registered(api: Api, n: number, host: string): Promise<Known> {
  const folder = join(process.env.DATA_DIR ?? '.data', 'sim');
  const file = join(folder, `devices-${host.replace(/[^\w.-]/g, '_')}.json`);
  await mkdir(folder, { recursive: true });
  const kept = await readFile(file, 'utf8').then(
    (text) => tokenFile.parse(JSON.parse(text)),
    (): Known => [],
  );
  const present = new Set((await api.fleet.trucks.query()).map((truck) => truck.id));
  const known = kept.filter((device) => present.has(device.truckId));
  const plates = new Set((await api.fleet.trucks.query()).map((truck) => truck.plate));
  for (let number = 0; known.length < n && number < 20_000; number++) {
    const plate = `SI${String.fromCharCode(65 + Math.floor(number / 10_000))}-${String(number % 10_000).padStart(4, '0')}`;
    if (plates.has(plate)) continue;
    const truck = await api.fleet.createTruck.mutate({
      plate,
      type: number % 3 === 0 ? 'lateral' : 'posterior',
    });
    const { token } = await api.fleet.registerDevice.mutate({ truckId: truck.id, name: 'sim' });
    known.push({ truckId: truck.id, plate, token });
  }
  await writeFile(file, JSON.stringify(known), { mode: 0o600 });
  return known.slice(0, n);
}

/** Ways along the streets, shared by all trucks. */
async function drawWays(
  url: string,
  token: string,
  seed: number,
): Promise<{ line: LonLat[]; lengthM: number }[]> {
  const random = streamOf(seed, 'ways');
  const city = remoteCity({ url, supervisorToken: token, driverToken: async () => null });
  const ways: { line: LonLat[]; lengthM: number }[] = [];
  for (let tries = 0; ways.length < WAYS && tries < 2 * WAYS; tries++) {
    const { line } = await city.way(pick(random, CITY_PLACES), pick(random, CITY_PLACES));
    if (line.length > 1) ways.push({ line, lengthM: lineLengthM(line) });
  }
  if (ways.length === 0) throw new Error('the router of the system gave no way to drive');
  return ways;
}

async function drive(
  trucks: Known,
  ways: readonly { line: LonLat[]; lengthM: number }[],
  given: z.output<typeof options>,
): Promise<void> {
  const startMs = Date.now();
  const endMs = startMs + given.minutes * 60_000;
  const movers = trucks.map(({ truckId, token, plate }, index) => {
    const random = streamOf(given.seed, `truck:${index}`);
    return {
      link: new DeviceLink({ url: given.url, token, seed: given.seed, name: plate, flaky: false }),
      way: ways[index % ways.length]!,
      offsetM: random() * 10_000,
      random,
      truckId,
    };
  });
  let stopped = false;
  process.once('SIGINT', () => (stopped = true));
  const everyMs = 1_000 / given.hz;
  for (let nextMs = startMs; nextMs < endMs && !stopped; nextMs += everyMs) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, nextMs - Date.now())));
    const nowMs = Date.now();
    for (const mover of movers) {
      // To and fro along its way, at the mean speed of a collecting truck.
      const travelledM = mover.offsetM + (MEAN_SPEED_MPS * (nowMs - startMs)) / 1_000;
      const phase = travelledM % (2 * mover.way.lengthM);
      const back = phase > mover.way.lengthM;
      const at = pointAlong(mover.way.line, back ? 2 * mover.way.lengthM - phase : phase);
      mover.link.push({
        t: nowMs,
        lat: at.lat + (gaussian(mover.random) * 3) / METRES_PER_DEGREE,
        lon: at.lon + (gaussian(mover.random) * 3) / METRES_PER_DEGREE,
        speed: MEAN_SPEED_MPS,
        heading: Math.round((at.heading + (back ? 180 : 0)) % 360),
        accuracy: 5,
        battery: 0.9,
        ignition: true,
      });
    }
  }
  await Promise.race([
    Promise.all(movers.map((mover) => mover.link.drained())),
    new Promise((resolve) => setTimeout(resolve, 10_000)),
  ]);
  const sum = (key: 'stored' | 'duplicate' | 'rejected' | 'acks') =>
    movers.reduce((total, mover) => total + mover.link.counts[key], 0);
  console.log(
    JSON.stringify({
      trucks: movers.length,
      seconds: Math.round((Date.now() - startMs) / 1_000),
      stored: sum('stored'),
      duplicate: sum('duplicate'),
      rejected: sum('rejected'),
      acks: sum('acks'),
    }),
  );
  for (const mover of movers) mover.link.close();
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
