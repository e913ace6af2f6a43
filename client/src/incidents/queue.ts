/** The queue's order and its calm: what is new waits at the top until the reader's hand is off the list. */
import type { RoomIncident } from '../live/room-view.ts';

export type QueueTab = 'validate' | 'risk' | 'all';

export interface QueueView {
  pending: RoomIncident[];
  risks: RoomIncident[];
  all: RoomIncident[];
  /** Arrived since the list was last settled; announced, not yet shown. */
  waiting: RoomIncident[];
}

/**
 * `incidents` sorted by time left. `shown` holds the ids already on the list; while `held` nothing joins it, so no
 * row moves under the cursor. Answers the view and the ids to remember.
 */
export function queueView(
  incidents: readonly RoomIncident[],
  shown: ReadonlySet<number>,
  held: boolean,
): { view: QueueView; shown: Set<number> } {
  const isNew = (incident: RoomIncident) => incident.view.state === 'pending' && !shown.has(incident.view.id);
  const waiting = held ? incidents.filter(isNew) : [];
  const away = new Set(waiting.map((incident) => incident.view.id));
  const listed = incidents.filter((incident) => !away.has(incident.view.id));
  return {
    view: {
      pending: listed.filter((incident) => incident.view.state === 'pending'),
      risks: listed.filter(
        (incident) =>
          incident.view.state !== 'pending' && (incident.tone === 'risk' || incident.tone === 'crit'),
      ),
      all: listed,
      waiting,
    },
    shown: new Set(listed.map((incident) => incident.view.id)),
  };
}

/** The row to stand on after one left: the one that takes its place, else the last. */
export function neighbour(ids: readonly number[], leaving: number): number | null {
  const index = ids.indexOf(leaving);
  if (index < 0) return ids[0] ?? null;
  return ids[index + 1] ?? ids[index - 1] ?? null;
}

/** What validating does to a zone: whether it starts a route, is offered to a running one, or waits. */
export function validationOutcome(
  severity: number,
  zone: { validatedSeverity: number; threshold: number; plannedRoute: number | null } | null,
  insertAtSeverity: number,
): { kind: 'route' | 'proposal' | 'waits'; total: number; threshold: number } {
  const total = (zone?.validatedSeverity ?? 0) + severity;
  const threshold = zone?.threshold ?? 0;
  if (severity >= insertAtSeverity) return { kind: 'proposal', total, threshold };
  if (zone !== null && zone.plannedRoute === null && total > threshold)
    return { kind: 'route', total, threshold };
  return { kind: 'waits', total, threshold };
}
