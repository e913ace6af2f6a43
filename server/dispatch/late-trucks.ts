import { PLANNER } from '../../shared/actor.ts';
import type { Zone } from '../../shared/rules.ts';
import type { Dispatch } from './dispatch.ts';
import { openProposals } from './proposals.ts';
import { plannedPromises, type PromiseView } from './promises.ts';
import { propose } from './propose.ts';
import { readPicture } from './picture.ts';
import type { Solved } from './solve.ts';

/** Less likely kept than this, a promise is worth asking whether another truck would keep it. */
const ENDANGERED = 0.5;
/** The same danger is not asked about again for so long, unless the plan has changed. */
const ASK_AGAIN_MS = 10 * 60_000;
/** How often a zone is looked at. */
const LOOK_EVERY_MS = 20_000;
/** Coming this much earlier, though late all the same, is worth a change. */
const WORTH_EARLIER_MS = 5 * 60_000;

interface Looked {
  atMs: number;
  version: number;
  /** Stops that were asked about, and when. */
  asked: Map<number, number>;
}

const looked = new WeakMap<Dispatch, Map<Zone, Looked>>();

interface Log {
  info(about: object, message: string): void;
}

/**
 * A truck that falls behind endangers what it promised. Where a promise will more likely be broken than kept, and the
 * zone has no proposal open, it is asked whether a change would help; what does not help is not proposed.
 */
export async function proposeForLateTrucks(dispatch: Dispatch, zone: Zone, log: Log): Promise<void> {
  const memory = memoryOf(dispatch, zone);
  const nowMs = dispatch.store.clock();
  if (nowMs >= memory.atMs && nowMs - memory.atMs < LOOK_EVERY_MS) return;
  memory.atMs = nowMs;
  const snapshot = await readPicture(dispatch.store);
  if (snapshot.version !== memory.version) memory.asked.clear();
  memory.version = snapshot.version;
  const inDanger = [...plannedPromises(snapshot).values()].filter(({ keep, planned }) => {
    const route = snapshot.routes.get(planned.routeId)!;
    const stop = snapshot.stops.get(planned.stopId)!;
    const askedMs = memory.asked.get(planned.stopId);
    const isNew = askedMs === undefined || nowMs - askedMs >= ASK_AGAIN_MS;
    const truck = snapshot.trucks.get(planned.truckId)!;
    return (
      route.zone === zone &&
      route.state === 'running' &&
      stop.state === 'planned' &&
      truck.state === 'available' &&
      keep < ENDANGERED &&
      isNew
    );
  });
  if (inDanger.length === 0) return;
  if ((await openProposals(dispatch.store.database)).some((proposal) => proposal.zone === zone)) return;
  for (const { planned } of inDanger) memory.asked.set(planned.stopId, nowMs);
  const worst = inDanger.reduce((a, b) => (b.keep < a.keep ? b : a));
  const proposed = await propose(dispatch, PLANNER, {
    zone,
    kind: 'recalculation',
    reason: `late:${worst.planned.truckId}`,
    incidentIds: [],
    isWorth: (solved) => helps(solved, inDanger, (stopId) => snapshot.stops.get(stopId)?.windowEnd ?? null),
  });
  if (proposed !== null)
    log.info(
      { zone, truckId: worst.planned.truckId },
      'a late truck endangers promises: a change is proposed',
    );
}

/** Some promise in danger is kept by the change, or broken by much less. */
function helps(
  solved: Solved,
  inDanger: readonly { planned: NonNullable<PromiseView['planned']> }[],
  windowEndOf: (stopId: number) => Date | null,
): boolean {
  const arrivals = new Map(
    solved.draft.routes.flatMap((route) =>
      route.tail.flatMap((stop) =>
        stop.stopId === null ? [] : [[stop.stopId, Date.parse(stop.plan.arrival)] as const],
      ),
    ),
  );
  return inDanger.some(({ planned }) => {
    const atMs = arrivals.get(planned.stopId);
    if (atMs === undefined) return false;
    const wasMs = Date.parse(planned.eta);
    const endMs = windowEndOf(planned.stopId)?.getTime() ?? Infinity;
    return wasMs - atMs >= WORTH_EARLIER_MS || (atMs <= endMs && wasMs > endMs && wasMs - atMs >= 60_000);
  });
}

function memoryOf(dispatch: Dispatch, zone: Zone): Looked {
  let zones = looked.get(dispatch);
  if (zones === undefined) looked.set(dispatch, (zones = new Map()));
  let memory = zones.get(zone);
  if (memory === undefined) zones.set(zone, (memory = { atMs: -Infinity, version: -1, asked: new Map() }));
  return memory;
}
