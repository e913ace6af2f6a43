import type { IncidentView } from '../../shared/incident.ts';
import type { Store } from '../events/store.ts';
import { incidentView } from './view.ts';

/** @throws DomainError `not-found` */
export function getIncident(store: Store, id: number): Promise<IncidentView> {
  return incidentView(store.database.db, id);
}
