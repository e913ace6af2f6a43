import { angularDeviation } from './geo.ts';
import { anyLane, laneText, type Graph } from './graph.ts';
import { exitsAfter, onRoundabout } from './turn-words.ts';

/** A roundabout smaller than this with few, well-spread exits is driven like a crossing. */
const CROSSING_RADIUS_M = 15;
/** From here on a named roundabout is a place of its own. */
const ROTARY_RADIUS_M = 15;
const MAX_JUNCTIONS_OF_CROSSING = 4;
const MAX_LANES = 200;

export interface Roundabout {
  kind: 'roundabout' | 'rotary' | 'roundabout turn';
  name: string;
}

/** What kind of roundabout is entered with `lane`. Walks once around it. */
export function roundaboutAt(graph: Graph, lane: number): Roundabout {
  const name = laneText(graph, lane, 'name');
  const roads = new Set<string>();
  const bearings: number[] = [];
  let around = 0;
  let junctions = 0;
  let simple = true;
  let at = lane;
  for (let i = 0; i < MAX_LANES; i++) {
    around += graph.laneDistance[at]!;
    const arms = exitsAfter(graph, at);
    const roadsHere = arms.filter((arm) => !arm.isOrigin && !onRoundabout(graph, anyLane(graph, arm.street)));
    if (roadsHere.length > 0) junctions++;
    if (roadsHere.length > 1) simple = false;
    for (const road of roadsHere) {
      bearings.push(road.bearing);
      roads.add(laneText(graph, anyLane(graph, road.street), 'name'));
    }
    const next = arms.find((arm) => arm.lane >= 0 && !arm.isOrigin && onRoundabout(graph, arm.lane));
    if (!next) return { kind: 'roundabout', name };
    at = next.lane;
    if (at === lane) break;
  }
  const radius = around / (2 * Math.PI);
  if (radius > ROTARY_RADIUS_M && name !== '' && !roads.has(name)) return { kind: 'rotary', name };
  const isCrossing =
    radius < CROSSING_RADIUS_M && junctions <= MAX_JUNCTIONS_OF_CROSSING && simple && areSpread(bearings);
  return { kind: isCrossing ? 'roundabout turn' : 'roundabout', name };
}

/** At least 45 degrees between any two roads that meet the roundabout. */
function areSpread(bearings: readonly number[]): boolean {
  const sorted = bearings.toSorted((a, b) => a - b);
  return sorted.every((bearing, i) => {
    const next = sorted[(i + 1) % sorted.length]!;
    return sorted.length < 2 || angularDeviation(bearing, next) >= 45;
  });
}
