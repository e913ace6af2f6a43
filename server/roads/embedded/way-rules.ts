import * as rules from './profile.ts';
import type { Profile } from './profile.ts';

type Tags = Readonly<Record<string, string>>;

/** Bits of `DirectionRules.classes`, in the order the exclude parameter knows them. */
export const CLASS = { toll: 1, motorway: 2, ferry: 4, restricted: 8, tunnel: 16 } as const;
export const MODE = { none: 0, driving: 1, ferry: 2 } as const;

/** What one direction of a way allows. Speeds are km/h; `rateKmh` is what is minimised (speed × preference). */
export interface DirectionRules {
  mode: number;
  speedKmh: number;
  rateKmh: number;
  restricted: boolean;
  classes: number;
  destinations: string;
}

export interface WayRules {
  forward: DirectionRules;
  backward: DirectionRules;
  /** Fixed crossing time of a ferry or a movable bridge, seconds; 0 without. */
  durationS: number;
  /** Weight that goes with `durationS`. */
  durationWeight: number;
  name: string;
  ref: string;
  roundabout: boolean;
  circular: boolean;
  startpoint: boolean;
  leftHand: boolean;
  highway: string;
  lanes: number;
  /** `turn:lanes` of each direction hold a reverse arrow: U-turns are painted on the road. */
  uTurnLaneForward: boolean;
  uTurnLaneBackward: boolean;
}

/** Applies the car rules of OSRM to the tags of a way; null when no vehicle of this profile may use it. */
export function judgeWay(tags: Tags, profile: Profile): WayRules | null {
  const highway = tags.highway ?? '';
  const route = tags.route ?? '';
  if (!highway && !route) return null;
  if (isBlocked(tags, highway)) return null;
  const forward = direction();
  const backward = direction();
  if (!vehicleFits(tags, profile, forward, backward)) return null;
  const access = applyAccess(tags, highway, forward, backward);
  if (forward.mode === MODE.none && backward.mode === MODE.none) return null;
  const oneway = applyOneway(tags, highway, forward, backward);
  const crossing = applyFerryAndBridge(tags, route, forward, backward);
  if (tags.service === 'emergency_access') return null;
  applyHov(tags, oneway, forward, backward);
  applySpeed(tags, highway, profile, access, forward, backward);
  if (forward.speedKmh <= 0 && backward.speedKmh <= 0 && crossing <= 0) return null;
  const factor = preference(tags, oneway.value, forward, backward);
  forward.rateKmh = forward.speedKmh * factor;
  backward.rateKmh = backward.speedKmh * factor;
  for (const side of [forward, backward]) {
    if (side.speedKmh <= 0 && crossing <= 0) side.mode = MODE.none;
  }
  if (forward.mode === MODE.none && backward.mode === MODE.none) return null;
  applyClasses(tags, highway, route, oneway, forward, backward);
  const startpoint =
    (forward.mode === MODE.driving || backward.mode === MODE.driving) &&
    !(highway === 'service' && access.forward === 'private');
  if (oneway.forwardOnly || oneway.backwardOnly) {
    const destinations = destinationOf(tags, oneway.forwardOnly);
    forward.destinations = destinations;
    backward.destinations = destinations;
  }
  return {
    forward,
    backward,
    durationS: crossing,
    durationWeight: crossing / factor,
    name: tags.name ?? '',
    ref: (tags.ref ?? '')
      .split(';')
      .map((part) => part.trim())
      .join('; '),
    roundabout: tags.junction === 'roundabout',
    circular: tags.junction === 'circular',
    startpoint,
    leftHand: tags.driving_side === 'left' || (tags.driving_side !== 'right' && profile.leftHandDriving),
    highway,
    lanes: laneCount(tags),
    uTurnLaneForward: /\breverse\b/.test(tags['turn:lanes:forward'] ?? tags['turn:lanes'] ?? ''),
    uTurnLaneBackward: /\breverse\b/.test(tags['turn:lanes:backward'] ?? ''),
  };
}

function direction(): DirectionRules {
  return { mode: MODE.driving, speedKmh: -1, rateKmh: -1, restricted: false, classes: 0, destinations: '' };
}

function isBlocked(tags: Tags, highway: string): boolean {
  return (
    tags.area === 'yes' ||
    rules.AVOID_HIGHWAY.has(highway) ||
    tags.railway === 'construction' ||
    (tags.construction !== undefined && !rules.CONSTRUCTION_OPEN.has(tags.construction)) ||
    (tags.proposed !== undefined && !highway) ||
    tags.oneway === 'reversible' ||
    tags.impassable === 'yes' ||
    tags.status === 'impassable'
  );
}

/** Value for each direction from the first of several keys, each with its `:forward` and `:backward` variants. */
function bothWays(tags: Tags, keys: readonly string[]): { forward?: string; backward?: string } {
  let forward: string | undefined;
  let backward: string | undefined;
  for (const key of keys) {
    forward ??= tags[`${key}:forward`] ?? tags[key];
    backward ??= tags[`${key}:backward`] ?? tags[key];
    if (forward !== undefined && backward !== undefined) break;
  }
  return { forward, backward };
}

function vehicleFits(
  tags: Tags,
  profile: Profile,
  forward: DirectionRules,
  backward: DirectionRules,
): boolean {
  const checks: [string[], (text: string) => number | null, number, boolean][] = [
    [['maxheight:physical', 'maxheight'], heightM, profile.heightM, false],
    [['maxwidth:physical', 'maxwidth', 'width', 'est_width'], metres, profile.widthM, true],
    [['maxlength'], metres, profile.lengthM, false],
    [['maxweightrating', 'maxweight'], kilograms, profile.weightKg, false],
  ];
  for (const [keys, parse, size, mustExceed] of checks) {
    const values = bothWays(tags, keys);
    const tooSmall = (text: string | undefined): boolean => {
      const limit = text === undefined ? null : parse(text);
      return limit !== null && (mustExceed ? limit <= size : limit < size);
    };
    if (tooSmall(values.forward)) forward.mode = MODE.none;
    if (tooSmall(values.backward)) backward.mode = MODE.none;
  }
  if (tags.narrow === 'yes' && profile.widthM > 2.2) return false;
  return forward.mode !== MODE.none || backward.mode !== MODE.none;
}

const UNSPECIFIC_HEIGHTS = new Set(['default', 'none', 'no-sign', 'unsigned']);

function heightM(text: string): number | null {
  return UNSPECIFIC_HEIGHTS.has(text) ? 4.5 : metres(text);
}

/** "3.5", "3,5 m", "12'6\"" → metres. */
export function metres(text: string): number | null {
  const found = /\d+\.?\d*/.exec(text.replace(',', '.'));
  if (!found) return null;
  const value = Number(found[0]);
  const feet = text.indexOf("'");
  if (feet < 0) return value;
  const inches = /\d+/.exec(text.slice(feet));
  return (value * 12 + (inches ? Number(inches[0]) : 0)) * 0.0254;
}

function kilograms(text: string): number | null {
  const found = /\d+\.?\d*/.exec(text.replace(',', '.'));
  if (!found) return null;
  const value = Number(found[0]);
  if (text.includes('lbs')) return value * 0.45359237;
  return text.includes('kg') ? value : value * 1000;
}

function applyAccess(
  tags: Tags,
  highway: string,
  forward: DirectionRules,
  backward: DirectionRules,
): { forward?: string; backward?: string } {
  const raw = bothWays(tags, rules.ACCESS_KEYS);
  const access = { forward: strongestAccess(raw.forward), backward: strongestAccess(raw.backward) };
  for (const [side, value] of [
    [forward, access.forward],
    [backward, access.backward],
  ] as const) {
    if (value === undefined) continue;
    if (highway in rules.HIGHWAY_KMH && rules.ACCESS_RESTRICTED.has(value)) side.restricted = true;
    if (rules.ACCESS_NO.has(value) && !side.restricted) side.mode = MODE.none;
  }
  return access;
}

/** Of "no;destination" the most permissive part counts. */
export function strongestAccess(value: string | undefined): string | undefined {
  if (!value?.includes(';')) return value;
  const score = (part: string): number =>
    rules.ACCESS_YES.has(part)
      ? 3
      : rules.ACCESS_RESTRICTED.has(part)
        ? 2
        : rules.ACCESS_NO.has(part)
          ? 1
          : 0;
  return value
    .split(';')
    .map((part) => part.trim())
    .reduce((best, part) => (score(part) > score(best) ? part : best));
}

interface Oneway {
  value: string | undefined;
  forwardOnly: boolean;
  backwardOnly: boolean;
}

function applyOneway(tags: Tags, highway: string, forward: DirectionRules, backward: DirectionRules): Oneway {
  let value: string | undefined;
  for (const key of rules.RESTRICTION_KEYS) value ??= tags[`oneway:${key}`];
  value ??= tags.oneway;
  const oneway: Oneway = { value, forwardOnly: false, backwardOnly: false };
  if (value === '-1') {
    oneway.backwardOnly = true;
    forward.mode = MODE.none;
  } else if (value === 'yes' || value === '1' || value === 'true') {
    oneway.forwardOnly = true;
  } else if (value !== 'no') {
    oneway.forwardOnly =
      highway === 'motorway' || tags.junction === 'roundabout' || tags.junction === 'circular';
  }
  if (oneway.forwardOnly) backward.mode = MODE.none;
  return oneway;
}

/** Ferries and movable bridges; returns their crossing time in seconds, 0 where none is given. */
function applyFerryAndBridge(
  tags: Tags,
  route: string,
  forward: DirectionRules,
  backward: DirectionRules,
): number {
  const seconds = durationOf(tags.duration);
  const ferryKmh = rules.ROUTE_KMH[route];
  if (ferryKmh !== undefined) {
    for (const side of [forward, backward]) {
      side.mode = MODE.ferry;
      side.speedKmh = ferryKmh;
    }
    return seconds;
  }
  if (tags.bridge !== 'movable') return 0;
  for (const side of [forward, backward]) {
    side.mode = MODE.driving;
    if (seconds <= 0) side.speedKmh = rules.MOVABLE_BRIDGE_KMH;
  }
  return seconds;
}

/** "00:35", "1:02:30", "PT20M", "15" (minutes) → seconds; 0 when absent or malformed. */
export function durationOf(text: string | undefined): number {
  if (!text) return 0;
  const iso = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/i.exec(text);
  if (iso && text.length > 2) {
    const [weeks, days, hours, minutes, seconds] = iso.slice(1).map((part) => Number(part ?? 0));
    return (weeks! * 7 + days!) * 86_400 + hours! * 3600 + minutes! * 60 + seconds!;
  }
  const clock = /^(\d+)(?::(\d+))?(?::(\d+))?$/.exec(text);
  if (!clock) return 0;
  const [first, second, third] = clock.slice(1);
  if (third !== undefined) return Number(first) * 3600 + Number(second) * 60 + Number(third);
  return second !== undefined ? Number(first) * 3600 + Number(second) * 60 : Number(first) * 60;
}

function applyHov(tags: Tags, oneway: Oneway, forward: DirectionRules, backward: DirectionRules): void {
  if (tags.hov === 'designated') {
    forward.restricted = true;
    backward.restricted = true;
  }
  const allHov = (lanes: string | undefined): boolean =>
    lanes !== undefined && lanes.split('|').every((lane) => lane === 'designated');
  const common = tags['hov:lanes'];
  if (allHov(tags['hov:lanes:forward'] ?? (oneway.backwardOnly ? undefined : common)))
    forward.restricted = true;
  if (allHov(tags['hov:lanes:backward'] ?? (oneway.forwardOnly ? undefined : common)))
    backward.restricted = true;
}

function applySpeed(
  tags: Tags,
  highway: string,
  profile: Profile,
  access: { forward?: string; backward?: string },
  forward: DirectionRules,
  backward: DirectionRules,
): void {
  const byClass = rules.HIGHWAY_KMH[highway];
  for (const [side, own, other] of [
    [forward, access.forward, access.backward],
    [backward, access.backward, access.forward],
  ] as const) {
    if (side.speedKmh !== -1) continue;
    if (byClass !== undefined) side.speedKmh = byClass;
    else if (own !== undefined && !rules.ACCESS_NO.has(own)) side.speedKmh = rules.DEFAULT_SPEED_KMH;
    else if (own === undefined && other !== undefined) side.mode = MODE.none;
  }
  if (forward.speedKmh === -1 && backward.speedKmh === -1) return;
  const limits = bothWays(tags, ['maxspeed:advisory', 'maxspeed', 'source:maxspeed', 'maxspeed:type']);
  for (const [side, text] of [
    [forward, limits.forward],
    [backward, limits.backward],
  ] as const) {
    const limit = limitKmh(text);
    if (limit > 0) side.speedKmh = limit * rules.LIMIT_SHARE;
    for (const cap of [
      rules.SURFACE_KMH[tags.surface ?? ''],
      rules.TRACKTYPE_KMH[tags.tracktype ?? ''],
      rules.SMOOTHNESS_KMH[tags.smoothness ?? ''],
      profile.maxSpeedKmh,
    ]) {
      if (cap !== undefined) side.speedKmh = Math.min(side.speedKmh, cap);
    }
  }
}

/** A posted limit in km/h: "50", "30 mph", "FR:urban"; 0 when it says nothing. */
export function limitKmh(text: string | undefined): number {
  if (text === undefined) return 0;
  const digits = /^\d+/.exec(text);
  if (digits) return Number(digits[0]) * (/mph|mp\/h/.test(text) ? 1.609 : 1);
  const zone = text.toLowerCase();
  const exact = rules.LIMIT_BY_ZONE[zone];
  if (exact !== undefined) return exact;
  const kind = /[a-z]{2}:([a-z]+)/.exec(zone)?.[1];
  return (kind && rules.LIMIT_BY_ZONE_DEFAULT[kind]) || 0;
}

/** How much less a driver likes the way than its speed says: the least of several factors, at most 1. */
function preference(
  tags: Tags,
  oneway: string | undefined,
  forward: DirectionRules,
  backward: DirectionRules,
): number {
  const service = rules.SERVICE_FACTOR[tags.service ?? ''] ?? 1;
  const bothDirections = forward.mode !== MODE.none && backward.mode !== MODE.none;
  let narrow = 1;
  const width = tags.width === undefined ? null : metres(tags.width);
  if (width !== null && bothDirections) {
    narrow = width <= 3 ? 0.5 : width < 4 ? 0.6 : width < 5 ? 0.75 : width < 6 ? 0.8 : 1;
  }
  const lanes = /^\d+/.exec(tags.lanes ?? '');
  if (lanes && Number(lanes[0]) <= 1 && bothDirections) narrow = 0.5;
  const alternating = oneway === 'alternating' ? rules.ALTERNATING_FACTOR : 1;
  const side = tags.side_road === 'yes' || tags.side_road === 'rotary' ? rules.SIDE_ROAD_FACTOR : 1;
  return Math.min(service, narrow, alternating, side);
}

function applyClasses(
  tags: Tags,
  highway: string,
  route: string,
  oneway: Oneway,
  forward: DirectionRules,
  backward: DirectionRules,
): void {
  let common = 0;
  if (tags.tunnel && tags.tunnel !== 'no') common |= CLASS.tunnel;
  if (highway === 'motorway' || highway === 'motorway_link') common |= CLASS.motorway;
  if (route === 'ferry') common |= CLASS.ferry;
  for (const [side, suffix, usable] of [
    [forward, 'forward', !oneway.backwardOnly],
    [backward, 'backward', !oneway.forwardOnly],
  ] as const) {
    side.classes = common | (side.restricted ? CLASS.restricted : 0);
    if ((tags[`toll:${suffix}`] ?? (usable ? tags.toll : undefined)) === 'yes') side.classes |= CLASS.toll;
  }
}

function destinationOf(tags: Tags, isForward: boolean): string {
  const of = (key: string): string | undefined =>
    (tags[`${key}:${isForward ? 'forward' : 'backward'}`] ?? tags[key])?.replaceAll(';', ', ');
  const ref = of('destination:ref');
  const place = of('destination');
  return ref && place ? `${ref}: ${place}` : (ref ?? place ?? of('destination:street') ?? '');
}

function laneCount(tags: Tags): number {
  const count = (text: string | undefined): number => {
    const value = Number(text);
    return Number.isInteger(value) && value > 0 ? value : 0;
  };
  return tags.lanes !== undefined
    ? count(tags.lanes)
    : count(tags['lanes:forward']) + count(tags['lanes:backward']);
}

/** What a node does to traffic passing it. */
export interface NodeRules {
  barrier: boolean;
  /** 0 none, 1 both directions, 2 along the way only, 3 against the way only. */
  signal: 0 | 1 | 2 | 3;
}

export function judgeNode(tags: Tags, profile: Profile): NodeRules {
  const result: NodeRules = { barrier: isBarrier(tags, profile), signal: 0 };
  if (tags.highway === 'traffic_signals') {
    const toward = tags['traffic_signals:direction'];
    result.signal = toward === 'forward' ? 2 : toward === 'backward' ? 3 : 1;
  }
  return result;
}

function isBarrier(tags: Tags, profile: Profile): boolean {
  for (const key of rules.ACCESS_KEYS) {
    const access = strongestAccess(tags[key]);
    if (access !== undefined) return rules.ACCESS_NO.has(access) && !rules.ACCESS_RESTRICTED.has(access);
  }
  const barrier = tags.barrier;
  if (barrier === undefined) return false;
  if (barrier === 'height_restrictor') {
    const limit = tags.maxheight === undefined ? null : heightM(tags.maxheight);
    if (limit !== null && limit < profile.heightM) return true;
  }
  if (rules.BARRIER_OPEN.has(barrier) || tags.bollard === 'rising') return false;
  return !(
    barrier === 'kerb' &&
    (tags.kerb === 'lowered' || tags.kerb === 'flush' || tags.highway === 'crossing')
  );
}
