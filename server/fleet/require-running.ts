import { eq } from 'drizzle-orm';
import type { StopState } from '../../shared/plan.ts';
import type { Tx } from '../db/connect.ts';
import { routes } from '../db/schema/index.ts';
import { refusedStop, type StopRow } from './stop-record.ts';

/** The running route a stop is on. @throws DomainError `invalid-transition` */
export async function requireRunning(
  tx: Tx,
  stop: StopRow,
  to: StopState,
): Promise<typeof routes.$inferSelect> {
  const [route] =
    stop.routeId === null ? [] : await tx.select().from(routes).where(eq(routes.id, stop.routeId));
  if (!route || route.state !== 'running') {
    throw refusedStop(
      stop,
      to,
      `The stop's route is ${route ? route.state : 'not in the plan'}, not running.`,
    );
  }
  return route;
}
