import type { PlanKind } from '../../shared/plan.ts';
import type { Rules } from '../../shared/rules.ts';

/** What the rules look at in one zone. */
export interface ZoneFacts {
  plannedRoutes: number;
  runningRoutes: number;
  /** Sum of severity of validated incidents that no version holds. */
  validatedSeverity: number;
  /** The same of incidents assigned to the zone's live routes. */
  assignedSeverity: number;
  /** Validated since the zone was last weighed: only these give cause for a new proposal. */
  fresh: readonly { id: number; severity: number; windowEndMs: number }[];
  /** Trucks that could leave the depot with a first route. */
  idleTrucks: number;
  nowMs: number;
}

export type Decision =
  | { action: 'none' }
  /** Takes effect alone: no planned route is disturbed. */
  | { action: 'generate' }
  | {
      action: 'propose';
      kind: Extract<PlanKind, 'recalculation' | 'insertion'>;
      incidentIds: 'all' | number[];
    };

/** A window that closes within this can no longer wait for the threshold. */
const PRESSING_S = 2 * 3_600;

/**
 * The rules of automatic planning for one zone, from the facts alone (docs/rules.md R6–R9): a first route when the
 * validated severity passes the threshold and none is planned; a recalculation of a planned route for a grave
 * incident or when the zone's total passes one and a half thresholds; else an insertion into running routes of what
 * is grave, or of what only a running route can still reach in time.
 */
export function decide(facts: ZoneFacts, rules: Rules): Decision {
  const grave = facts.fresh.filter((incident) => incident.severity >= rules.insertAtSeverity);
  if (facts.plannedRoutes === 0) {
    if (facts.validatedSeverity > rules.thresholdSeverity && facts.idleTrucks > 0)
      return { action: 'generate' };
    if (facts.runningRoutes === 0) return { action: 'none' };
    const pressing = facts.fresh.filter(
      (incident) => facts.idleTrucks === 0 && incident.windowEndMs - facts.nowMs < PRESSING_S * 1_000,
    );
    const ids = [...new Set([...grave, ...pressing].map((incident) => incident.id))];
    if (ids.length > 0) return { action: 'propose', kind: 'insertion', incidentIds: ids };
    // No truck is left for a route of its own: what the zone has gathered goes into the running ones.
    if (facts.validatedSeverity > rules.thresholdSeverity && facts.fresh.length > 0) {
      return { action: 'propose', kind: 'insertion', incidentIds: 'all' };
    }
    return { action: 'none' };
  }
  if (facts.fresh.length === 0) return { action: 'none' };
  const total = facts.validatedSeverity + facts.assignedSeverity;
  const recalculate =
    facts.fresh.some((incident) => incident.severity >= rules.recalculateAtSeverity) ||
    total > rules.recalculateAtThresholdFactor * rules.thresholdSeverity;
  return recalculate ? { action: 'propose', kind: 'recalculation', incidentIds: 'all' } : { action: 'none' };
}
