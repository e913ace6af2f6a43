/**
 * `npm run bench:replan [-- --rounds N --only urgent|breakdown|places]`: how long a dispatcher waits. On a real
 * PostgreSQL with the embedded router and warm planner threads, from the commit of what happened to the proposal that
 * answers it, roads and storing included; and how long a price takes. The last line is JSON.
 */
import { parseArgs } from 'node:util';
import { breakdown } from '../server/dispatch/breakdown.ts';
import { currentPlan } from '../server/dispatch/current-plan.ts';
import { moveStop } from '../server/dispatch/move-stop.ts';
import { placesFor } from '../server/dispatch/places.ts';
import { openProposals } from '../server/dispatch/proposals.ts';
import { reject } from '../server/dispatch/reject.ts';
import { truckReturned } from '../server/fleet/truck-returned.ts';
import { reportIncident } from '../server/incidents/report.ts';
import { validateIncident } from '../server/incidents/validate.ts';
import { startCluster } from '../tests/database/cluster.ts';
import { isDomainError } from '../shared/errors.ts';
import { openWorld, type World } from './replan-world.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '12' }, only: { type: 'string' } },
});
const rounds = Number(values.rounds);
const wants = (part: string) => values.only === undefined || values.only === part;

function p(share: number, numbers: readonly number[]): number | null {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return at === undefined ? null : Math.round(at);
}

/** Waited, and computed by all threads of this process: the second stays the same on a busy machine. */
interface Took {
  waitedMs: number;
  cpuMs: number;
}

function stopwatch(): () => Took {
  const [startedMs, used] = [performance.now(), process.cpuUsage()];
  return () => {
    const { user, system } = process.cpuUsage(used);
    return { waitedMs: performance.now() - startedMs, cpuMs: (user + system) / 1_000 };
  };
}

const waited = (took: readonly Took[]) => took.map(({ waitedMs }) => waitedMs);

function told(name: string, took: readonly Took[]): void {
  const [ms, cpu] = [waited(took), took.map(({ cpuMs }) => cpuMs)];
  console.log(
    `${name.padEnd(36)} p50 ${p(0.5, ms)} ms, p95 ${p(0.95, ms)} ms, worst ${p(1, ms)} ms; ` +
      `computing p50 ${p(0.5, cpu)} ms, p95 ${p(0.95, cpu)} ms (${took.length})`,
  );
}

/** From the commit of a validation to the stored proposal that holds the incident. */
async function urgent({ assembly, admin, drive, somewhere }: World): Promise<Took[]> {
  const { store, database } = assembly;
  const took: Took[] = [];
  const reactor = assembly.react();
  await reactor.settled();
  for (let round = 0; round < rounds; round++) {
    drive();
    const { id } = await reportIncident(
      store,
      { kind: 'citizen' },
      { type: 'animal_muerto', ...somewhere() },
    );
    await reactor.settled();
    let watch: (() => Took) | null = null;
    const proposed = new Promise<Took>((resolve, fail) => {
      const stop = store.bus.onWake(() => {
        void openProposals(database)
          .then((open) => {
            if (watch === null || !open.some((proposal) => proposal.incidentIds.includes(id))) return;
            stop();
            resolve(watch());
          })
          .catch(fail);
      });
    });
    await validateIncident(store, admin, id);
    watch = stopwatch();
    took.push(await proposed);
    await reactor.settled();
    for (const proposal of await openProposals(database))
      await reject(store, admin, { id: proposal.id, reason: 'bench' });
    await reactor.settled();
  }
  return took;
}

async function breakdowns({ assembly, admin, drive }: World): Promise<Took[]> {
  const { dispatch, store, database } = assembly;
  const took: Took[] = [];
  const { routes } = await currentPlan(store, admin);
  for (const route of routes.slice(0, rounds)) {
    drive();
    const watch = stopwatch();
    await breakdown(dispatch, admin, { truckId: route.truckId });
    took.push(watch());
    for (const proposal of await openProposals(database))
      await reject(store, admin, { id: proposal.id, reason: 'bench' });
    await truckReturned(store, admin, route.truckId);
  }
  return took;
}

/** Prices as a supervisor asks for them: the trucks go on, and now and then something happens in between. */
async function prices(world: World): Promise<{ places: Took[]; dryRun: Took[] }> {
  const { assembly, admin, drive, random, somewhere } = world;
  const { dispatch, store } = assembly;
  const { routes } = await currentPlan(store, admin);
  const planned = routes.flatMap((route) =>
    route.stops
      .filter((stop) => stop.state === 'planned' && (stop.kind === 'incident' || stop.kind === 'container'))
      .map((stop) => ({ route, stop })),
  );
  const places: Took[] = [];
  const dryRun: Took[] = [];
  for (let round = 0; round < 5 * rounds; round++) {
    drive();
    if (round % 5 === 0) await reportIncident(store, { kind: 'citizen' }, { type: 'acopio', ...somewhere() });
    const { stop } = planned[Math.floor(random() * planned.length)]!;
    let watch = stopwatch();
    const answer = await placesFor(dispatch, { stopId: stop.id });
    places.push(watch());
    const to = answer.find((place) => place.refused === null);
    if (to === undefined) continue;
    watch = stopwatch();
    // A refusal — the shift would not do — is an answer too.
    await moveStop(dispatch, admin, { stopId: stop.id, toRouteId: to.routeId, dryRun: true }).catch(
      (error: unknown) => {
        if (!isDomainError(error)) throw error;
      },
    );
    dryRun.push(watch());
  }
  return { places, dryRun };
}

const cluster = await startCluster({ durable: true });
const answer: Record<string, number | null> = {};
try {
  for (const [trucks, stops] of [
    [12, 150],
    [20, 400],
  ] as const) {
    const size = `${trucks} × ${stops}`;
    const name = `replan_${trucks}`;
    await (
      await import('postgres')
    )
      .default(cluster.url('postgres'), { max: 1 })
      .unsafe(`create database ${name}`);
    const world = await openWorld(cluster.url(name), trucks, stops);
    const { routes } = await currentPlan(world.assembly.store, world.admin);
    console.log(
      `${size}: ${routes.length} routes, ${routes.flatMap((route) => route.stops).length} stops planned`,
    );
    if (wants('places')) {
      const { places, dryRun } = await prices(world);
      told(`places, ${size}`, places);
      told(`move, dry run, ${size}`, dryRun);
      answer[`places${trucks}P95Ms`] = p(0.95, waited(places));
      answer[`dryRun${trucks}P95Ms`] = p(0.95, waited(dryRun));
    }
    if (wants('breakdown')) {
      const took = await breakdowns(world);
      told(`breakdown → proposal, ${size}`, took);
      answer[`breakdown${trucks}P95Ms`] = p(0.95, waited(took));
    }
    if (wants('urgent')) {
      const took = await urgent(world);
      told(`urgent incident → proposal, ${size}`, took);
      answer[`urgent${trucks}P95Ms`] = p(0.95, waited(took));
    }
    await world.assembly.stop();
  }
} finally {
  cluster.stop();
}
console.log(JSON.stringify(answer));
