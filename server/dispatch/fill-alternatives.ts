import { and, eq, lt } from 'drizzle-orm';
import { proposalAlternatives, proposals } from '../db/schema/index.ts';
import { ALTERNATIVES } from '../../shared/plan.ts';
import { fillAlternatives } from './alternatives.ts';
import type { Dispatch } from './dispatch.ts';
import { holdLease, releaseLease } from './lease.ts';
import { forgetOld } from './forget-old.ts';
import { askedOf, prepareChange, waitingContainers } from './propose.ts';
import { readSnapshot } from './snapshot.ts';

/** A proposal this old without all its alternatives was left by an instance that stopped. */
const LEFT_AFTER_MS = 15_000;
const TICK_MS = 5_000;
/** Whoever computes a proposal's alternatives says so, and again this often; who died is followed after this. */
const LEASE_S = 15;
const RENEW_MS = 5_000;
const leaseOf = (proposalId: number) => `alternatives:${proposalId}`;
const FORGET_EVERY_MS = 3_600_000;

export interface AlternativeFiller {
  offer(proposalId: number, fill: () => Promise<void>): void;
  /** Looks for what is still to be computed; it does so by itself every few seconds. */
  look(): Promise<void>;
  /** Resolves when nothing is being computed: for tests and for an orderly stop. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export interface FillerLog {
  warn(about: object, message: string): void;
}

/**
 * Computes the slider's other points, one proposal after the other and never before a search somebody waits for: such
 * a search takes the planner away, and this one begins again with the next look. What is superseded is forgotten. Of
 * several instances one computes those of a proposal: who made it, or, when that one is gone or busy, who finds it.
 *
 * @param holder names this instance, as the lease knows it
 */
export function startFiller(
  dispatch: Dispatch,
  log: FillerLog,
  isCancelled: (error: unknown) => boolean,
  holder: string,
): AlternativeFiller {
  const waiting = new Map<number, () => Promise<void>>();
  let running: Promise<void> | null = null;
  let stopped = false;
  let forgotMs = -Infinity;

  const work = async (): Promise<void> => {
    while (!stopped) {
      const [proposalId, fill] = [...waiting].at(-1) ?? [];
      if (proposalId === undefined || fill === undefined) return;
      try {
        // Another instance is at it, and would be found to have left it with a later look.
        await whileLeased(leaseOf(proposalId), fill);
        waiting.delete(proposalId);
      } catch (error) {
        // Somebody needed the planner: it is asked again with the next look.
        if (isCancelled(error)) return;
        waiting.delete(proposalId);
        if (!stopped) log.warn({ proposalId, err: error }, 'an alternative could not be computed');
      }
    }
  };
  const { database } = dispatch.store;
  const whileLeased = async (name: string, fill: () => Promise<void>): Promise<void> => {
    if (!(await holdLease(database, name, holder, LEASE_S))) return;
    let renewal: Promise<unknown> = Promise.resolve();
    const renewing = setInterval(
      () => (renewal = holdLease(database, name, holder, LEASE_S).catch(() => false)),
      RENEW_MS,
    );
    renewing.unref();
    try {
      await fill();
    } finally {
      clearInterval(renewing);
      await renewal;
      await releaseLease(database, name, holder).catch(() => undefined);
    }
  };
  const run = (): void => {
    if (running !== null || stopped) return;
    running = work().finally(() => (running = null));
  };
  const look = async (): Promise<void> => {
    if (stopped || running !== null) return;
    try {
      if (dispatch.store.clock() - forgotMs > FORGET_EVERY_MS) {
        forgotMs = dispatch.store.clock();
        await forgetOld(dispatch.store);
      }
      for (const id of await leftBehind(dispatch)) {
        if (!waiting.has(id)) waiting.set(id, () => fillFromNow(dispatch, id));
      }
    } catch (error) {
      log.warn({ err: error }, 'open proposals could not be looked at');
    }
    run();
  };
  const timer = setInterval(() => void look(), TICK_MS);
  timer.unref();

  return {
    look,
    offer(proposalId, fill) {
      waiting.set(proposalId, fill);
      run();
    },
    async settled() {
      while (running !== null) await running;
    },
    async stop() {
      stopped = true;
      clearInterval(timer);
      while (running !== null) await running;
    },
  };
}

async function leftBehind(dispatch: Dispatch): Promise<number[]> {
  const { database, clock } = dispatch.store;
  const rows = await database.db
    .select({ id: proposals.id, name: proposalAlternatives.name })
    .from(proposals)
    .leftJoin(proposalAlternatives, eq(proposalAlternatives.proposalId, proposals.id))
    .where(and(eq(proposals.state, 'open'), lt(proposals.at, new Date(clock() - LEFT_AFTER_MS))));
  const names = new Map<number, number>();
  for (const row of rows) names.set(row.id, (names.get(row.id) ?? 0) + (row.name === null ? 0 : 1));
  return [...names].filter(([, known]) => known < ALTERNATIVES.length).map(([id]) => id);
}

/** The question is asked anew, from the present: only where the plan is still the one the proposal rests on. */
async function fillFromNow(dispatch: Dispatch, proposalId: number): Promise<void> {
  const { database, clock } = dispatch.store;
  const [proposal] = await database.db.select().from(proposals).where(eq(proposals.id, proposalId));
  if (proposal?.state !== 'open') return;
  const snapshot = await readSnapshot(database.db, clock());
  if (snapshot.version !== proposal.baseVersion) return;
  const asked = askedOf(proposal);
  const prepared = await prepareChange(dispatch, snapshot, {
    zone: proposal.zone,
    kind: proposal.kind,
    reason: proposal.reason,
    incidentIds: asked.incidentIds,
    outTruckIds: asked.outTruckIds,
    addContainers: await waitingContainers(dispatch.store, snapshot, asked.containerIds),
    redrawTruckIds: asked.redrawTruckIds,
  });
  await fillAlternatives(dispatch, proposalId, prepared);
}
