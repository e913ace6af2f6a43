import { and, eq, inArray, lt } from 'drizzle-orm';
import { DomainError } from '../../shared/errors.ts';
import type { IncidentState, IncidentType, IncidentView } from '../../shared/incident.ts';
import type { Zone } from '../../shared/rules.ts';
import { incidents } from '../db/schema/index.ts';
import type { Store } from '../events/store.ts';
import { incidentViews } from './view.ts';

const DEFAULT_LIMIT = 100;

export interface IncidentFilter {
  state?: IncidentState | IncidentState[] | undefined;
  zone?: Zone | undefined;
  type?: IncidentType | undefined;
  limit?: number | undefined;
  cursor?: string | undefined;
}

/** Newest first. `cursor` continues behind the last one seen, whatever was reported meanwhile. */
export async function listIncidents(
  store: Store,
  filter: IncidentFilter,
): Promise<{ items: IncidentView[]; nextCursor?: string }> {
  const limit = filter.limit ?? DEFAULT_LIMIT;
  const before = filter.cursor === undefined ? undefined : readCursor(filter.cursor);
  const states = filter.state === undefined ? undefined : [filter.state].flat();
  const found = await incidentViews(
    store.database.db,
    and(
      states && inArray(incidents.state, states),
      filter.zone && eq(incidents.zone, filter.zone),
      filter.type && eq(incidents.type, filter.type),
      before === undefined ? undefined : lt(incidents.id, before),
    ),
    limit + 1,
  );
  const items = found.slice(0, limit);
  return found.length > limit ? { items, nextCursor: String(items[items.length - 1]!.id) } : { items };
}

function readCursor(cursor: string): number {
  const id = Number(cursor);
  if (!/^\d+$/.test(cursor) || !Number.isSafeInteger(id)) {
    throw new DomainError('invalid-input', 'The cursor is not one of ours.', { fields: ['cursor'] });
  }
  return id;
}
