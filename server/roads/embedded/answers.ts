import { tenths } from './geo.ts';
import { anyLane, laneText, type Graph } from './graph.ts';
import type { Leg } from './leg.ts';
import type { Options } from './request.ts';
import { degrees, geometryOf, type Json } from './route-shape.ts';
import { overviewPoints } from './simplify.ts';
import type { Snapped } from './snap.ts';
import { stepsOf } from './steps.ts';

export function waypoint(graph: Graph, place: Snapped, asked: readonly number[], hints: boolean): Json {
  const lane = anyLane(graph, place.street);
  const point: Json = {
    location: [degrees(place.lon), degrees(place.lat)],
    name: lane >= 0 ? laneText(graph, lane, 'name') : '',
    distance: Number(place.distanceM.toPrecision(10)),
  };
  if (hints) point.hint = hintOf(place, asked);
  return point;
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** An opaque text that repeats where a coordinate was put; snapping again gives the same place, so it is not read back. */
function hintOf(place: Snapped, asked: readonly number[]): string {
  const words = [
    place.street,
    place.piece,
    place.lon,
    place.lat,
    Math.round(asked[0]! * 1e6),
    Math.round(asked[1]! * 1e6),
  ];
  const bytes = new Uint8Array(Int32Array.from(words).buffer);
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const group = (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!;
    for (let shift = 18; shift >= 0; shift -= 6) text += BASE64[(group >> shift) & 63]!;
  }
  return text;
}

/** One entry of `routes`, `trips` or `matchings`. */
export function routeObject(
  graph: Graph,
  legs: readonly Leg[],
  asked: readonly number[][],
  options: Options,
): Json {
  const total = { weight: 0, duration: 0, distance: 0 };
  for (const leg of legs) {
    total.weight += leg.weight;
    total.duration += leg.duration;
    total.distance += leg.distance;
  }
  const route: Json = {
    legs: legs.map((leg, i) => legObject(graph, leg, [asked[i]!, asked[i + 1]!], options)),
    weight_name: 'routability',
    weight: total.weight / 10,
    duration: total.duration / 10,
    distance: tenths(total.distance),
  };
  if (options.overview !== 'false') {
    const lon: number[] = [];
    const lat: number[] = [];
    legs.forEach((leg, i) => {
      for (let at = i === 0 ? 0 : 1; at < leg.lon.length; at++) {
        lon.push(leg.lon[at]!);
        lat.push(leg.lat[at]!);
      }
    });
    const kept = options.overview === 'full' ? [...lon.keys()] : overviewPoints(lon, lat);
    route.geometry = geometryOf(
      kept.map((i) => lon[i]!),
      kept.map((i) => lat[i]!),
      options.geometries,
    );
  }
  return route;
}

function legObject(graph: Graph, leg: Leg, asked: [number[], number[]], options: Options): Json {
  const { steps, summary } = options.steps ? stepsOf(graph, leg, asked, options) : { steps: [], summary: '' };
  const object: Json = {
    steps,
    weight: leg.weight / 10,
    summary,
    duration: leg.duration / 10,
    distance: tenths(leg.distance),
  };
  if (options.annotations.size > 0) object.annotation = annotationOf(graph, leg, options.annotations);
  return object;
}

function annotationOf(graph: Graph, leg: Leg, wanted: ReadonlySet<string>): Json {
  const annotation: Json = {};
  if (wanted.has('speed')) {
    annotation.speed = leg.pieceDistances.map((length, i) => {
      const seconds = leg.pieceDurations[i]! / 10;
      return seconds > 0 ? tenths(length / seconds) : 0;
    });
  }
  if (wanted.has('duration')) annotation.duration = leg.pieceDurations.map((value) => value / 10);
  if (wanted.has('distance')) {
    annotation.distance = leg.pieceDistances.map((value) => Number(value.toPrecision(10)));
  }
  if (wanted.has('weight')) annotation.weight = leg.pieceWeights.map((value) => value / 10);
  if (wanted.has('datasources')) {
    annotation.datasources = leg.pieceWeights.map(() => 0);
    annotation.metadata = { datasource_names: ['lua profile'] };
  }
  if (wanted.has('nodes')) annotation.nodes = leg.nodes.map((node) => graph.nodeOsmId[node]!);
  return annotation;
}
