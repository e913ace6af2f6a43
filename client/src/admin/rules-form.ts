/** The rules as a form: which numbers, in which unit, and what two versions differ in. Pure. */
import { rulesSchema, type Rules } from '../../../shared/rules.ts';
import { DEFAULT_VISIT_CLOSES } from '../../../shared/visit-rules.ts';
import { readNumber, type Fault, type Typed } from './forms.ts';

export type Unit =
  | 'points'
  | 'hours'
  | 'minutes'
  | 'seconds'
  | 'metres'
  | 'degrees'
  | 'factor'
  | 'count'
  | 'clock'
  | 'kmh'
  | 'share'
  | 'text';

export interface RuleField {
  /** Where in the rules; also its words' key. */
  path: string;
  unit: Unit;
}

/** Of a list the form shows the first; further ones, set through the API, stay as they are. */
const LISTS = ['breaks', 'otherLandfills'] as const;
type List = (typeof LISTS)[number];
type Switch = 'autoApproveBelow' | 'landfillHours' | 'visitCloses' | List;
const isList = (key: Switch): key is List => (LISTS as readonly string[]).includes(key);

export interface RuleGroup {
  key: string;
  fields: readonly RuleField[];
  /** A path that may be null, or a list that may be empty: shown as a switch before its fields. */
  switch?: Switch;
}

const field = (path: string, unit: Unit): RuleField => ({ path, unit });

export const RULE_GROUPS: readonly RuleGroup[] = [
  {
    key: 'promise',
    fields: [
      field('severityByType.acopio', 'points'),
      field('severityByType.zona_critica', 'points'),
      field('severityByType.animal_muerto', 'points'),
      field('windowSByType.acopio', 'hours'),
      field('windowSByType.zona_critica', 'hours'),
      field('windowSByType.animal_muerto', 'hours'),
    ],
  },
  {
    key: 'planning',
    fields: [
      field('thresholdSeverity', 'points'),
      field('recalculateAtSeverity', 'points'),
      field('recalculateAtThresholdFactor', 'factor'),
      field('insertAtSeverity', 'points'),
      field('proposalTtlS', 'minutes'),
      field('latenessPricePerSeverity', 'seconds'),
      field('stabilityS', 'minutes'),
    ],
  },
  {
    key: 'auto',
    switch: 'autoApproveBelow',
    fields: [field('autoApproveBelow.costS', 'minutes'), field('autoApproveBelow.movedStops', 'count')],
  },
  {
    key: 'trucks',
    fields: [
      field('capacityByTruckType.posterior', 'points'),
      field('capacityByTruckType.lateral', 'points'),
      field('containerLoad', 'points'),
      field('shiftS', 'hours'),
      field('overtimeMaxS', 'minutes'),
      field('overtimePriceSPerHour', 'minutes'),
      field('overtimeByHandMaxS', 'minutes'),
    ],
  },
  {
    key: 'breaks',
    switch: 'breaks',
    fields: [
      field('breaks.0.fromS', 'hours'),
      field('breaks.0.untilS', 'hours'),
      field('breaks.0.durationS', 'minutes'),
    ],
  },
  {
    key: 'service',
    fields: [
      field('incidentServiceS', 'minutes'),
      field('containerServiceS', 'minutes'),
      field('depotServiceS', 'minutes'),
      field('landfillServiceS', 'minutes'),
    ],
  },
  {
    key: 'places',
    fields: [
      field('depot.lat', 'degrees'),
      field('depot.lon', 'degrees'),
      field('landfill.lat', 'degrees'),
      field('landfill.lon', 'degrees'),
    ],
  },
  {
    key: 'hours',
    switch: 'landfillHours',
    fields: [field('landfillHours.openS', 'clock'), field('landfillHours.closeS', 'clock')],
  },
  {
    key: 'otherLandfills',
    switch: 'otherLandfills',
    fields: [
      field('otherLandfills.0.name', 'text'),
      field('otherLandfills.0.lat', 'degrees'),
      field('otherLandfills.0.lon', 'degrees'),
      field('otherLandfills.0.serviceS', 'minutes'),
    ],
  },
  {
    key: 'duplicates',
    fields: [field('duplicateWithinM', 'metres'), field('duplicateWithinS', 'hours')],
  },
  {
    key: 'visits',
    fields: [
      field('visits.stopRadiusM', 'metres'),
      field('visits.depotRadiusM', 'metres'),
      field('visits.landfillRadiusM', 'metres'),
      field('visits.exitMarginM', 'metres'),
      field('visits.dwellS', 'seconds'),
      field('visits.leaveS', 'seconds'),
      field('visits.zoneMarginM', 'metres'),
      field('visits.zoneDwellS', 'seconds'),
      field('visits.streetM', 'metres'),
      field('visits.nearM', 'metres'),
      field('visits.collectingKmh', 'kmh'),
      field('trackToleranceM', 'metres'),
    ],
  },
  {
    key: 'closing',
    switch: 'visitCloses',
    fields: [field('visitCloses.standS', 'seconds'), field('visitCloses.upToSeverity', 'points')],
  },
  {
    key: 'alerts',
    fields: [
      field('alerts.offlineAfterS', 'minutes'),
      field('alerts.offlineIdleAfterS', 'hours'),
      field('alerts.speedKmh', 'kmh'),
      field('alerts.speedForS', 'seconds'),
      field('alerts.idleAfterS', 'minutes'),
      field('alerts.longStopAfterS', 'minutes'),
      field('alerts.offRouteM', 'metres'),
      field('alerts.offRouteForS', 'seconds'),
      field('alerts.zoneLeftM', 'metres'),
      field('alerts.zoneForS', 'seconds'),
      field('alerts.lateStartAfterS', 'minutes'),
      field('alerts.keepBelow', 'share'),
      field('alerts.keepForS', 'seconds'),
      field('alerts.fullFrom', 'share'),
      field('alerts.batteryBelow', 'share'),
      field('alerts.skewS', 'seconds'),
      field('alerts.coolDownS', 'minutes'),
    ],
  },
];

const ALL_FIELDS = RULE_GROUPS.flatMap((group) => group.fields);
/** What one of the unit is in the rules. */
const STORED_IN: Partial<Record<Unit, number>> = { hours: 3_600, minutes: 60, share: 0.01 };
/** What a switched-on group starts with. */
const WHEN_ON: Record<Switch, object> = {
  autoApproveBelow: { costS: 300, movedStops: 1 },
  landfillHours: { openS: 6 * 3_600, closeS: 18 * 3_600 },
  visitCloses: DEFAULT_VISIT_CLOSES,
  breaks: { fromS: 3 * 3_600, untilS: 5 * 3_600, durationS: 30 * 60 },
  otherLandfills: { name: '', lat: -0.949, lon: -78.663, serviceS: 15 * 60, hours: null },
};

export interface RulesDraft {
  typed: Typed;
  on: Record<Switch, boolean>;
}

function at(tree: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((node, key) => (node as Record<string, unknown> | null)?.[key], tree);
}

function asClock(seconds: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  return `${two(seconds / 3_600)}:${two((seconds % 3_600) / 60)}`;
}

function fromClock(text: string): number {
  const [, hours, minutes] = /^(\d{1,2}):(\d{2})$/.exec(text.trim()) ?? [];
  const seconds = hours === undefined ? Number.NaN : Number(hours) * 3_600 + Number(minutes) * 60;
  return seconds <= 86_400 ? seconds : Number.NaN;
}

/** A value in the unit people read. */
export function shownValue(value: unknown, unit: Unit): string {
  if (unit === 'text') return typeof value === 'string' ? value : '';
  if (typeof value !== 'number') return '';
  if (unit === 'clock') return asClock(value);
  return String(Math.round((value / (STORED_IN[unit] ?? 1)) * 1e6) / 1e6);
}

function storedValue(text: string, unit: Unit): number | string {
  if (unit === 'text') return text.trim();
  if (unit === 'clock') return fromClock(text);
  const scale = STORED_IN[unit];
  const value = readNumber(text);
  if (scale === undefined) return value;
  return scale < 1 ? Math.round(value * scale * 1e6) / 1e6 : Math.round(value * scale);
}

export function draftOf(rules: Rules): RulesDraft {
  const on = {
    autoApproveBelow: rules.autoApproveBelow !== null,
    landfillHours: rules.landfillHours !== null,
    visitCloses: rules.visitCloses !== null,
    breaks: rules.breaks.length > 0,
    otherLandfills: rules.otherLandfills.length > 0,
  };
  const filled = {
    ...rules,
    autoApproveBelow: rules.autoApproveBelow ?? WHEN_ON.autoApproveBelow,
    landfillHours: rules.landfillHours ?? WHEN_ON.landfillHours,
    visitCloses: rules.visitCloses ?? WHEN_ON.visitCloses,
    breaks: on.breaks ? rules.breaks : [WHEN_ON.breaks],
    otherLandfills: on.otherLandfills ? rules.otherLandfills : [WHEN_ON.otherLandfills],
  };
  return {
    typed: Object.fromEntries(ALL_FIELDS.map(({ path, unit }) => [path, shownValue(at(filled, path), unit)])),
    on,
  };
}

/** What the switch stands for before its fields are read. */
function switched(key: Switch, on: boolean, base: Rules): object | null {
  if (!isList(key)) return on ? { ...WHEN_ON[key] } : null;
  const [first = WHEN_ON[key], ...more] = base[key] as object[];
  return on ? [{ ...first }, ...more] : [];
}

/** The rules a draft stands for; what the form does not show (zones, service area) stays as in `base`. */
export function readRules(
  { typed, on }: RulesDraft,
  base: Rules,
): { ok: true; rules: Rules } | { ok: false; faults: Readonly<Record<string, Fault>> } {
  const next = structuredClone(base) as Record<string, unknown>;
  const faults: Record<string, Fault> = {};
  for (const group of RULE_GROUPS) {
    if (group.switch) next[group.switch] = switched(group.switch, on[group.switch], base);
    if (group.switch && !on[group.switch]) continue;
    for (const { path, unit } of group.fields) {
      const text = typed[path] ?? '';
      const value = storedValue(text, unit);
      if (text.trim() === '') faults[path] = 'required';
      else if (typeof value === 'number' && Number.isNaN(value)) faults[path] = 'number';
      const keys = path.split('.');
      const leaf = keys.pop()!;
      const holder = keys.length === 0 ? next : (at(next, keys.join('.')) as Record<string, unknown>);
      holder[leaf] = value;
    }
  }
  if (Object.keys(faults).length > 0) return { ok: false, faults };
  const parsed = rulesSchema.safeParse(next);
  if (parsed.success) return { ok: true, rules: parsed.data };
  for (const issue of parsed.error.issues) faults[issue.path.join('.')] ??= 'range';
  return { ok: false, faults };
}

export interface RuleChange {
  path: string;
  before: string;
  after: string;
}

const UNIT_OF = new Map(ALL_FIELDS.map(({ path, unit }) => [path, unit]));
const cornersOf = (ring: unknown) => (Array.isArray(ring) ? ring.length : 0);

/** What two versions differ in, by path, in the units of the form. Areas are told by their number of corners. */
export function changedRules(before: Rules, after: Rules): RuleChange[] {
  const changes = ALL_FIELDS.flatMap(({ path, unit }): RuleChange[] => {
    const [from, to] = [shownValue(at(before, path), unit), shownValue(at(after, path), unit)];
    return from === to ? [] : [{ path, before: from, after: to }];
  });
  const differs = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);
  // A database may give an object's keys back in another order; that is no change.
  const shapes = ({ zones }: Rules) => zones.map(({ zone, ring }) => [zone, ring]);
  if (differs(before.serviceArea, after.serviceArea))
    changes.push({
      path: 'serviceArea',
      before: String(cornersOf(before.serviceArea)),
      after: String(cornersOf(after.serviceArea)),
    });
  if (differs(shapes(before), shapes(after)))
    changes.push({
      path: 'zones',
      before: before.zones.map(({ ring }) => ring.length).join(' + '),
      after: after.zones.map(({ ring }) => ring.length).join(' + '),
    });
  if (differs(before.alerts.off, after.alerts.off))
    changes.push({
      path: 'alerts.off',
      before: String(before.alerts.off.length),
      after: String(after.alerts.off.length),
    });
  return changes;
}

export const unitOf = (path: string): Unit | null => UNIT_OF.get(path) ?? null;
