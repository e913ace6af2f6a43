import { bearing as bearingOf, tenths, turnAngle } from './geo.ts';
import { FLAG, laneText, laneTrait, type Graph } from './graph.ts';
import type { Leg } from './leg.ts';
import type { Options } from './request.ts';
import { geometryOf, type Json } from './route-shape.ts';
import { roundaboutAt } from './roundabouts.ts';
import { exitsAfter, modifierOf, onRoundabout, wordsFor, type Exit, type Words } from './turn-words.ts';
import { CLASS, MODE } from './way-rules.ts';

/** Depart and arrive name a side only when the door is this far from the street. */
const SIDE_MIN_M = 5;
const SIDE_MAX_M = 300;
const BEARING_GRAIN = 15;

interface Manoeuvre extends Words {
  /** Pieces driven before it. */
  at: number;
  exit?: number;
  rotaryName?: string;
  /** The lane driven after it, whose name the step bears. */
  lane: number;
  exits: readonly Exit[] | null;
}

/** Steps of a leg in OSRM's shape, and the one-line summary of the streets it mostly uses. */
export function stepsOf(graph: Graph, leg: Leg, asked: [number[], number[]], options: Options) {
  const manoeuvres = withoutIdleTalk(graph, leg, manoeuvresOf(graph, leg));
  const crossings = leg.turns.map((turn, i) => ({
    at: turn.afterPiece,
    exits: exitsAfter(graph, leg.lanes[i]!),
    next: leg.lanes[i + 1]!,
  }));
  const steps = manoeuvres.map((manoeuvre, i): Json => {
    const end = manoeuvres[i + 1]?.at ?? leg.pieceWeights.length;
    const inside = crossings.filter(({ at }) => at > manoeuvre.at && at < end);
    return stepObject(graph, leg, manoeuvre, end, inside, i === 0 ? asked[0] : null, options);
  });
  steps.push(arrival(graph, leg, asked[1], options));
  return { steps, summary: summaryOf(graph, leg) };
}

/** Everything that needs saying on the way, the departure first. */
function manoeuvresOf(graph: Graph, leg: Leg): Manoeuvre[] {
  const list: Manoeuvre[] = [{ type: 'depart', modifier: '', at: 0, lane: leg.lanes[0]!, exits: null }];
  let entered: Manoeuvre | null = null;
  let entryBearing = 0;
  leg.turns.forEach((turn, i) => {
    const lane = leg.lanes[i]!;
    const next = leg.lanes[i + 1]!;
    const exits = exitsAfter(graph, lane);
    const taken = exits.find((exit) => exit.lane === next);
    const modifier = modifierOf(taken?.angle ?? 180);
    const inside = onRoundabout(graph, lane);
    if (onRoundabout(graph, next)) {
      if (!inside) {
        const { kind, name } = roundaboutAt(graph, next);
        entered = { type: kind, modifier, at: turn.afterPiece, exit: 0, lane: next, exits };
        if (kind === 'rotary') entered.rotaryName = name;
        entryBearing = pieceBearing(leg, turn.afterPiece - 1);
        list.push(entered);
      } else if (entered && hasWayOut(graph, exits)) entered.exit!++;
      return;
    }
    if (inside) {
      leaveRoundabout(leg, list, entered, entryBearing, { at: turn.afterPiece, lane: next, exits, modifier });
      entered = null;
      return;
    }
    const words = wordsFor(graph, lane, next, exits);
    if (words.type !== '') list.push({ ...words, at: turn.afterPiece, lane: next, exits });
  });
  return list;
}

/** Names that change and change back within this are not worth a word. */
const SHORT_NAME_M = 105;
/** So close after a manoeuvre a new name belongs to it. */
const SAME_BREATH_M = 30;

/** Drops changes of name that a driver would not notice. */
function withoutIdleTalk(graph: Graph, leg: Leg, list: readonly Manoeuvre[]): Manoeuvre[] {
  const kept: Manoeuvre[] = [];
  const nameOf = (manoeuvre: Manoeuvre): string => laneText(graph, manoeuvre.lane, 'name');
  const lengthM = (from: number, to: number): number => {
    let total = 0;
    for (let i = from; i < to; i++) total += leg.pieceDistances[i]!;
    return total;
  };
  list.forEach((manoeuvre, i) => {
    const last = kept.at(-1);
    if (!last || manoeuvre.type !== 'new name') return kept.push(manoeuvre);
    if (nameOf(manoeuvre) === nameOf(last)) return;
    const sinceM = lengthM(last.at, manoeuvre.at);
    if (sinceM < SAME_BREATH_M && last.type !== 'depart' && nameOf(last) === '') {
      last.lane = manoeuvre.lane;
      return;
    }
    const next = list[i + 1];
    const returns = next?.type === 'new name' && nameOf(next) === nameOf(last);
    if (returns && lengthM(manoeuvre.at, next.at) < SHORT_NAME_M) return;
    kept.push(manoeuvre);
  });
  return kept;
}

function hasWayOut(graph: Graph, exits: readonly Exit[]): boolean {
  return exits.some((exit) => exit.lane >= 0 && !exit.isOrigin && !onRoundabout(graph, exit.lane));
}

function leaveRoundabout(
  leg: Leg,
  list: Manoeuvre[],
  entered: Manoeuvre | null,
  entryBearing: number,
  out: { at: number; lane: number; exits: readonly Exit[]; modifier: string },
): void {
  if (entered?.type === 'roundabout turn') {
    entered.exit!++;
    entered.modifier = modifierOf(turnAngle(entryBearing, pieceBearing(leg, out.at)));
    entered.lane = out.lane;
    return;
  }
  const exit = (entered?.exit ?? 0) + 1;
  if (entered) {
    entered.exit = exit;
    entered.lane = out.lane;
  }
  const type = entered?.type === 'rotary' ? 'exit rotary' : 'exit roundabout';
  list.push({ type, modifier: out.modifier, at: out.at, exit, lane: out.lane, exits: out.exits });
}

function pieceBearing(leg: Leg, piece: number): number {
  const i = Math.max(0, Math.min(leg.lon.length - 2, piece));
  return bearingOf(leg.lon[i]!, leg.lat[i]!, leg.lon[i + 1]!, leg.lat[i + 1]!);
}

function stepObject(
  graph: Graph,
  leg: Leg,
  manoeuvre: Manoeuvre,
  end: number,
  inside: readonly { at: number; exits: readonly Exit[]; next: number }[],
  askedFrom: number[] | null,
  options: Options,
): Json {
  const { at, lane } = manoeuvre;
  const cost = { weight: 0, duration: 0, distance: 0 };
  for (let i = at; i < end; i++) {
    cost.weight += leg.pieceWeights[i]!;
    cost.duration += leg.pieceDurations[i]!;
    cost.distance += leg.pieceDistances[i]!;
  }
  for (const turn of leg.turns) {
    if (turn.afterPiece <= at || turn.afterPiece > end) continue;
    cost.weight += turn.weight;
    cost.duration += turn.duration;
  }
  const after = Math.round(pieceBearing(leg, at)) % 360;
  const location = locationAt(leg, at);
  const departs = askedFrom !== null;
  const modifier = departs ? sideOf(askedFrom, leg, leg.source.distanceM, 0) : manoeuvre.modifier;
  const step: Json = {
    intersections: [
      departs
        ? { out: 0, entry: [true], bearings: [after], location, ...classesOf(graph, leg.lanes[0]!) }
        : intersection(graph, manoeuvre.exits!, laneAfter(leg, at), location),
      ...inside.map(({ at: i, exits, next }) => intersection(graph, exits, next, locationAt(leg, i))),
    ],
    driving_side: laneTrait(graph, lane, 'flags') & FLAG.leftHand ? 'left' : 'right',
    geometry: geometryOf(leg.lon.slice(at, end + 1), leg.lat.slice(at, end + 1), options.geometries),
    maneuver: {
      ...(manoeuvre.exit === undefined ? {} : { exit: manoeuvre.exit }),
      bearing_after: after,
      bearing_before: departs ? 0 : Math.round(pieceBearing(leg, at - 1)) % 360,
      location,
      ...(modifier === '' ? {} : { modifier }),
      type: manoeuvre.type,
    },
    ...names(graph, lane),
    mode: laneTrait(graph, lane, 'mode') === MODE.ferry ? 'ferry' : 'driving',
    weight: cost.weight / 10,
    duration: cost.duration / 10,
    distance: tenths(cost.distance),
  };
  if (manoeuvre.rotaryName) step.rotary_name = manoeuvre.rotaryName;
  return step;
}

/** The lane driven right after a number of pieces. */
function laneAfter(leg: Leg, at: number): number {
  const i = leg.turns.findIndex((turn) => turn.afterPiece === at);
  return leg.lanes[i + 1] ?? leg.lanes.at(-1)!;
}

function locationAt(leg: Leg, i: number): [number, number] {
  return [leg.lon[i]! / 1e6, leg.lat[i]! / 1e6];
}

function names(graph: Graph, lane: number): Json {
  const ref = laneText(graph, lane, 'ref');
  const destinations = laneText(graph, lane, 'destinations');
  return {
    name: laneText(graph, lane, 'name'),
    ...(ref === '' ? {} : { ref }),
    ...(destinations === '' ? {} : { destinations }),
  };
}

function intersection(graph: Graph, exits: readonly Exit[], next: number, location: [number, number]): Json {
  return {
    out: exits.findIndex((exit) => exit.lane === next),
    in: exits.findIndex((exit) => exit.isOrigin),
    entry: exits.map((exit) => exit.lane >= 0),
    bearings: exits.map((exit) => (Math.round(exit.bearing / BEARING_GRAIN) * BEARING_GRAIN) % 360),
    location,
    ...classesOf(graph, next),
  };
}

function classesOf(graph: Graph, lane: number): Json {
  const bits = laneTrait(graph, lane, 'classes');
  const classes = (Object.keys(CLASS) as (keyof typeof CLASS)[]).filter((name) => bits & CLASS[name]);
  return classes.length > 0 ? { classes } : {};
}

/** Side of the street the asked coordinate lies on, seen along the drive; empty when next to or far from it. */
function sideOf(asked: readonly number[], leg: Leg, distanceM: number, end: 0 | 1): string {
  if (distanceM < SIDE_MIN_M || distanceM > SIDE_MAX_M) return '';
  const last = leg.lon.length - 1;
  const at = end === 0 ? 0 : last;
  const door = bearingOf(
    leg.lon[at]!,
    leg.lat[at]!,
    Math.round(asked[0]! * 1e6),
    Math.round(asked[1]! * 1e6),
  );
  const driving = pieceBearing(leg, end === 0 ? 0 : last - 1);
  const angle = end === 0 ? turnAngle(door + 180, driving) : turnAngle(driving, door);
  const normal = ((angle % 360) + 360) % 360;
  return normal < 135 ? 'right' : normal <= 225 ? 'straight' : 'left';
}

function arrival(graph: Graph, leg: Leg, asked: readonly number[], options: Options): Json {
  const last = leg.lon.length - 1;
  const lane = leg.lanes.at(-1)!;
  const before = Math.round(pieceBearing(leg, last - 1)) % 360;
  const location = locationAt(leg, last);
  const modifier = sideOf(asked, leg, leg.target.distanceM, 1);
  return {
    intersections: [{ in: 0, entry: [true], bearings: [(before + 180) % 360], location }],
    driving_side: laneTrait(graph, lane, 'flags') & FLAG.leftHand ? 'left' : 'right',
    geometry: geometryOf(
      [leg.lon[last]!, leg.lon[last]!],
      [leg.lat[last]!, leg.lat[last]!],
      options.geometries,
    ),
    maneuver: {
      bearing_after: 0,
      bearing_before: before,
      location,
      ...(modifier === '' ? {} : { modifier }),
      type: 'arrive',
    },
    ...names(graph, lane),
    mode: laneTrait(graph, lane, 'mode') === MODE.ferry ? 'ferry' : 'driving',
    weight: 0,
    duration: 0,
    distance: 0,
  };
}

/** The two named streets driven longest, in the order of the drive. */
function summaryOf(graph: Graph, leg: Leg): string {
  const spent = new Map<string, number>();
  const lanesBefore = leg.turns.map((turn) => turn.afterPiece);
  let from = 0;
  leg.lanes.forEach((lane, i) => {
    const end = lanesBefore[i] ?? leg.pieceDurations.length;
    const name = laneText(graph, lane, 'name') || laneText(graph, lane, 'ref');
    for (let piece = from; piece < end; piece++) {
      if (name) spent.set(name, (spent.get(name) ?? 0) + leg.pieceDurations[piece]!);
    }
    from = end;
  });
  const longest = [...spent.entries()].sort((a, b) => b[1] - a[1]).slice(0, 2);
  return [...spent.keys()].filter((name) => longest.some(([top]) => top === name)).join(', ');
}
