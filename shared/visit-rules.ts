import { z } from 'zod';

const metres = z.number().min(1).max(2_000);
const seconds = z.number().int().min(0).max(3_600);

/** When a truck counts as being at a place, and what proves that a stop was served. */
export const visitRulesSchema = z.object({
  /** How near to a stop, the depot, the landfill a truck is at it. */
  stopRadiusM: metres,
  depotRadiusM: metres,
  landfillRadiusM: metres,
  /** It has left when it is this much farther: an edge is crossed once, not ten times. */
  exitMarginM: z.number().min(0).max(500),
  /** It has arrived when it stayed for so long, and left when it stayed away for so long. */
  dwellS: seconds,
  leaveS: seconds,
  /** The same for a zone, whose border runs through the town. */
  zoneMarginM: z.number().min(0).max(2_000),
  zoneDwellS: seconds,
  /** Evidence: a track within this distance of where the stop's street passes is on the street … */
  streetM: metres,
  /** … and one within this distance of the stop is near it. */
  nearM: metres,
  /** Collecting is done at this speed at most, in km/h. */
  collectingKmh: z.number().positive().max(60),
});
export type VisitRules = z.infer<typeof visitRulesSchema>;

export const DEFAULT_VISIT_RULES: VisitRules = {
  stopRadiusM: 40,
  depotRadiusM: 100,
  landfillRadiusM: 200,
  exitMarginM: 20,
  dwellS: 30,
  leaveS: 30,
  zoneMarginM: 100,
  zoneDwellS: 120,
  streetM: 20,
  nearM: 30,
  collectingKmh: 20,
};

/**
 * What a visit closes without anybody's word; null = nothing. It closes the stop its truck is on its way to, else the
 * next one of its route, when the truck stood there for `standS` and left: a landfill (which empties it), a container,
 * and an incident of at most this severity, which is completed with it.
 */
export const visitClosesSchema = z.object({ standS: seconds, upToSeverity: z.number().min(0).max(100) });
export type VisitCloses = z.infer<typeof visitClosesSchema>;

export const DEFAULT_VISIT_CLOSES: VisitCloses = { standS: 60, upToSeverity: 3 };
