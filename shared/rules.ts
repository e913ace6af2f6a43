import { z } from 'zod';
import { DEFAULT_ALERT_RULES, alertRulesSchema } from './alert-rules.ts';
import { boxRing } from './geo.ts';
import {
  DEFAULT_VISIT_CLOSES,
  DEFAULT_VISIT_RULES,
  visitClosesSchema,
  visitRulesSchema,
} from './visit-rules.ts';

/**
 * The business rules an admin may change, versioned so that a past day is judged by the rules of that day.
 * docs/rules.md numbers them. Units in the names; severity points measure load.
 */
const seconds = z
  .number()
  .int()
  .min(0)
  .max(7 * 86_400);
const place = z.object({ lat: z.number().min(-90).max(90), lon: z.number().min(-180).max(180) });
const ring = z
  .array(z.tuple([z.number(), z.number()]))
  .min(3)
  .max(2_000);

export const ZONES = ['oriental', 'occidental'] as const;
export const zone = z.enum(ZONES);
export type Zone = z.infer<typeof zone>;

export const rulesSchema = z.object({
  severityByType: z.object({
    acopio: z.number().int().min(1).max(100),
    zona_critica: z.number().int().min(1).max(100),
    animal_muerto: z.number().int().min(1).max(100),
  }),
  windowSByType: z.object({ acopio: seconds, zona_critica: seconds, animal_muerto: seconds }),
  serviceArea: ring,
  /** First match wins; a point of the service area in none of them belongs to the last. */
  zones: z.array(z.object({ zone, ring })).min(1),
  /** A route is made when a zone's validated severity is strictly above this. */
  thresholdSeverity: z.number().positive(),
  recalculateAtSeverity: z.number().positive(),
  recalculateAtThresholdFactor: z.number().positive(),
  /** Severity from which a new incident is proposed into running routes. */
  insertAtSeverity: z.number().positive(),
  autoApproveBelow: z
    .object({ costS: z.number().min(0).max(604_800), movedStops: z.number().int().min(0).max(10_000) })
    .nullable(),
  proposalTtlS: seconds,
  capacityByTruckType: z.object({ posterior: z.number().positive(), lateral: z.number().positive() }),
  containerLoad: z.number().min(0),
  depot: place,
  landfill: place,
  depotServiceS: seconds,
  landfillServiceS: seconds,
  incidentServiceS: seconds,
  containerServiceS: seconds,
  /** Hours in local time as seconds after midnight; null = always open. */
  landfillHours: z.object({ openS: seconds, closeS: seconds }).nullable(),
  /** Length of a shift; a truck or a driver may have its own. */
  shiftS: seconds,
  /** How long a shift may run over, and what an hour of that costs beside the hour itself, in seconds of work. */
  overtimeMaxS: seconds.default(0),
  overtimePriceSPerHour: z.number().min(0).max(86_400).default(1_800),
  /**
   * How far past a shift a supervisor may send a truck by hand; the planner never does so by itself. Four hours a day are
   * what Ecuador's labour code allows.
   */
  overtimeByHandMaxS: seconds.default(14_400),
  /** Pauses of every crew, in order: begun between `fromS` and `untilS` of the shift. */
  breaks: z
    .array(z.object({ fromS: seconds, untilS: seconds, durationS: seconds }))
    .max(3)
    .default([]),
  /** Where trucks may empty beside the landfill. */
  otherLandfills: z
    .array(
      place.extend({
        name: z.string().trim().min(1).max(60),
        serviceS: seconds,
        hours: z.object({ openS: seconds, closeS: seconds }).nullable(),
      }),
    )
    .max(5)
    .default([]),
  duplicateWithinM: z.number().min(0).max(5_000),
  duplicateWithinS: seconds,
  /** Price of a second late, per point of severity, in seconds of work. */
  latenessPricePerSeverity: z.number().min(0),
  /** Price in seconds of work of moving one stop to another truck. */
  stabilityS: z.number().min(0),
  /** When an alert is raised. A caller that does not know of it leaves the defaults. */
  alerts: alertRulesSchema.default(DEFAULT_ALERT_RULES),
  /** When a truck counts as being at a place, and how its service is graded. */
  visits: visitRulesSchema.default(DEFAULT_VISIT_RULES),
  /** Which stops a visit closes without anybody's word; null = none. */
  visitCloses: visitClosesSchema.nullable().default(DEFAULT_VISIT_CLOSES),
  /** How far a thinned old track may lie from the truck's place at any instant, in metres. */
  trackToleranceM: z.number().min(1).max(100).default(10),
});
export type Rules = z.infer<typeof rulesSchema>;

export const DEFAULT_RULES: Rules = {
  severityByType: { acopio: 1, zona_critica: 3, animal_muerto: 5 },
  windowSByType: { acopio: 24 * 3_600, zona_critica: 8 * 3_600, animal_muerto: 2 * 3_600 },
  serviceArea: boxRing(-78.7, -1.02, -78.53, -0.86).map(([x, y]) => [x, y]),
  zones: [
    { zone: 'oriental', ring: boxRing(-78.615, -1.02, -78.53, -0.86).map(([x, y]) => [x, y]) },
    { zone: 'occidental', ring: boxRing(-78.7, -1.02, -78.615, -0.86).map(([x, y]) => [x, y]) },
  ],
  thresholdSeverity: 20,
  recalculateAtSeverity: 5,
  recalculateAtThresholdFactor: 1.5,
  insertAtSeverity: 5,
  autoApproveBelow: null,
  proposalTtlS: 15 * 60,
  capacityByTruckType: { posterior: 25, lateral: 15 },
  containerLoad: 1,
  depot: { lat: -0.936, lon: -78.613 },
  landfill: { lat: -0.949, lon: -78.663 },
  depotServiceS: 5 * 60,
  landfillServiceS: 15 * 60,
  incidentServiceS: 10 * 60,
  containerServiceS: 2 * 60,
  landfillHours: null,
  shiftS: 8 * 3_600,
  overtimeMaxS: 0,
  overtimePriceSPerHour: 1_800,
  overtimeByHandMaxS: 14_400,
  breaks: [],
  otherLandfills: [],
  duplicateWithinM: 30,
  duplicateWithinS: 24 * 3_600,
  latenessPricePerSeverity: 0.2,
  stabilityS: 180,
  alerts: DEFAULT_ALERT_RULES,
  visits: DEFAULT_VISIT_RULES,
  visitCloses: DEFAULT_VISIT_CLOSES,
  trackToleranceM: 10,
};
