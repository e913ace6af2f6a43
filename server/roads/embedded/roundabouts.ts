import { angularDeviation } from './geo.ts';
import { laneText, type Graph } from './graph.ts';
import { exitsAfter, onRoundabout } from './turn-words.ts';

/** A roundabout smaller than this with few, well-spread exits is driven like a crossing. */
const CROSSING_RADIUS_M = 15;
/** From here on a named roundabout is a place of its own. */
const ROTARY_RADIUS_M = 15;
const MAX_EXITS_OF_CROSSING = 4;
const MAX_LANES = 200;

export interface Roundabout {
  kind: 'roundabout' | 'rotary' | 'roundabout turn';
  name: string;
}

/** What kind of roundabout is entered with `lane`. Walks once around it. */
export function roundaboutAt(graph: Graph, lane: number): Roundabout {
  const name = laneText(graph, lane, 'name');
  const roads = new Set<string>();
  let around = 0;
  let exits = 0;
  let spread = true;
  let at = lane;
  for (let i = 0; i < MAX_LANES; i++) {
    around += graph.laneDistance[at]!;
    const arms = exitsAfter(graph, at);
    for (const arm of arms) {
      const road = arm.lane >= 0 && !arm.isOrigin ? arm.lane : -1;
      if (road < 0 || onRoundabout(graph, road)) continue;
      exits++;
      roads.add(laneText(graph, road, 'name'));
      if (angularDeviation(arm.angle, 180) < 10) spread = false;
    }
    const next = arms.find((arm) => arm.lane >= 0 && !arm.isOrigin && onRoundabout(graph, arm.lane));
    if (!next) return { kind: 'roundabout', name };
    at = next.lane;
    if (at === lane) break;
  }
  const radius = around / (2 * Math.PI);
  if (radius <= CROSSING_RADIUS_M && exits <= MAX_EXITS_OF_CROSSING && spread) {
    return { kind: 'roundabout turn', name };
  }
  const isPlace = radius > ROTARY_RADIUS_M && name !== '' && !roads.has(name);
  return { kind: isPlace ? 'rotary' : 'roundabout', name };
}
