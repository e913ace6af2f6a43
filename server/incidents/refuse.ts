import { eq } from 'drizzle-orm';
import { DomainError } from '../../shared/errors.ts';
import type { IncidentState } from '../../shared/incident.ts';
import { incidents } from '../db/schema/index.ts';
import type { Reader } from './view.ts';

/** Why a conditional change found no row: the incident is not there, or its state does not allow it. */
export async function refusedIncident(reader: Reader, id: number, to: IncidentState): Promise<DomainError> {
  const [row] = await reader.select({ state: incidents.state }).from(incidents).where(eq(incidents.id, id));
  if (!row) return new DomainError('not-found', 'No such incident.', { id });
  return new DomainError('invalid-transition', `An incident cannot go from ${row.state} to ${to}.`, {
    id,
    from: row.state,
    to,
  });
}
