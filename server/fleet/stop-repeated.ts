import { eq } from 'drizzle-orm';
import { DomainError } from '../../shared/errors.ts';
import type { Tx } from '../db/connect.ts';
import { stops } from '../db/schema/index.ts';
import type { StopRow } from './stop-record.ts';

/**
 * True when this very action was done before: a phone that lost the answer sends it again, and nothing changes.
 * @throws DomainError `already-exists` when the id of the action belongs to another stop
 */
export async function isRepeated(tx: Tx, stop: StopRow, clientId: string | undefined): Promise<boolean> {
  if (clientId === undefined) return false;
  if (stop.clientId === clientId) return true;
  const [other] = await tx.select({ id: stops.id }).from(stops).where(eq(stops.clientId, clientId));
  if (other) {
    throw new DomainError('already-exists', 'This action belongs to another stop.', {
      clientId,
      stopId: other.id,
    });
  }
  return false;
}
