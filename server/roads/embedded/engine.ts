import { alternativesTo } from './alternatives.ts';
import { routeObject, waypoint } from './answers.ts';
import { markClosed, type Closure } from './closures.ts';
import { contract } from './contraction.ts';
import { tenths, toFixed, distanceM } from './geo.ts';
import { laneTrait, type Graph } from './graph.ts';
import { journey, type Finder } from './journey.ts';
import { filteredMatrix, matrixOf } from './matrix.ts';
import type { Json } from './route-shape.ts';
import { parseRequest, type ApiError, type Request } from './request.ts';
import { Searcher, seedsOf, type Closed } from './search.ts';
import { settleComponents, Snapper, type Snapped, type SnapOptions } from './snap.ts';
import { LocalSearch } from './local-search.ts';
import { matchAnswer, matchTrace } from './match.ts';
import { withLearnedSpeeds, type LearnedSpeed } from './speeds.ts';
import { tripOrder } from './trip-order.ts';
import { excludedClasses, NO_LIMITS, Refusal, validate, type Limits } from './validate.ts';

export { NO_LIMITS, OSRM_LIMITS, type Limits } from './validate.ts';

export interface Answer {
  status: number;
  body: Json;
}

interface Vehicle {
  closed: Closed | null;
  graph: Graph;
  local: LocalSearch;
  searcher: Searcher;
  snapper: Snapper;
}

/** Answers OSRM v1 requests from graphs in memory. `truck` is used for that profile name, `driving` for any other. */
export class Engine {
  private readonly vehicles = new Map<string, Vehicle>();
  /** As imported, and as driven now. */
  private readonly graphs: ReadonlyMap<string, Graph>;
  private readonly current: Map<string, Graph>;
  private readonly limits: Limits;
  private closures: readonly Closure[] = [];

  constructor(graphs: readonly Graph[], limits: Limits = NO_LIMITS) {
    this.limits = limits;
    this.graphs = new Map(graphs.map((graph) => [graph.profileName, graph]));
    this.current = new Map(this.graphs);
    this.rebuild();
  }

  /** Closes streets for every request from now on; the hierarchies are contracted anew in their known order. */
  setClosures(closures: readonly Closure[]): void {
    this.closures = closures;
    this.rebuild();
  }

  /** Drives by learned speeds of an hour of the day (0 to 23) from now on; none restores what the tags say. */
  setSpeeds(speeds: readonly LearnedSpeed[], hour: number): void {
    for (const [name, graph] of this.graphs) {
      this.current.set(name, speeds.length > 0 ? withLearnedSpeeds(graph, speeds, hour) : graph);
    }
    this.rebuild();
  }

  private rebuild(): void {
    for (const [name, graph] of this.current) {
      const closed = markClosed(graph, this.closures);
      const hierarchy = closed
        ? contract(graph, { order: graph.hierarchy.order, closed: closed.lane })
        : graph.hierarchy;
      this.vehicles.set(name, {
        closed,
        graph,
        local: new LocalSearch(graph),
        searcher: new Searcher(graph, hierarchy, closed),
        snapper: new Snapper(graph, closed?.piece ?? null),
      });
    }
  }

  /**
   * `pathAndQuery` as sent to osrm-routed. Never throws for what a client may send. `also` are closures for this
   * request alone, on top of those set for all.
   */
  answer(pathAndQuery: string, also: readonly Closure[] = []): Answer {
    const request = parseRequest(pathAndQuery);
    if ('status' in request) return refused(request);
    try {
      const body = this.serve(request, also);
      return { status: 200, body: { code: 'Ok', ...body } };
    } catch (error) {
      if (error instanceof Refusal) {
        return refused({ status: 400, code: error.code, message: error.message });
      }
      throw error;
    }
  }

  private serve(request: Request, also: readonly Closure[]): Json {
    const usual =
      this.vehicles.get(request.profile === 'truck' ? 'truck' : 'driving') ??
      this.vehicles.values().next().value;
    const vehicle = usual && also.length > 0 ? this.around(usual, also) : usual;
    if (!vehicle) throw new Refusal('NoSegment', 'Could not find a matching segment for coordinate 0');
    validate(request, this.limits);
    switch (request.service) {
      case 'route':
        return this.route(vehicle, request);
      case 'table':
        return this.table(vehicle, request);
      case 'nearest':
        return this.nearest(vehicle, request);
      case 'trip':
        return this.trip(vehicle, request);
      case 'match':
        return this.match(vehicle, request);
      default:
        throw new Refusal('NotImplemented', 'This request is not supported');
    }
  }

  /** The vehicle with further closures, which its hierarchy does not know: it then searches plainly. */
  private around(vehicle: Vehicle, also: readonly Closure[]): Vehicle {
    const closed = markClosed(vehicle.graph, [...this.closures, ...also]);
    return { ...vehicle, closed, snapper: new Snapper(vehicle.graph, closed?.piece ?? null) };
  }

  private finder(vehicle: Vehicle, request: Request): Finder {
    const exclude = excludedClasses(request);
    const { graph, searcher } = vehicle;
    const finder: Finder = { searcher, closed: vehicle.closed };
    if (exclude !== 0) finder.excluded = (lane) => (laneTrait(graph, lane, 'classes') & exclude) !== 0;
    return finder;
  }

  private snapOptions(request: Request, i: number): SnapOptions {
    const { options } = request;
    const radius = options.radiuses[i];
    return {
      bearing: options.bearings[i] ?? undefined,
      approach: options.approaches[i] ?? 'unrestricted',
      snapping: options.snapping,
      exclude: excludedClasses(request),
      maxDistanceM: radius !== null && radius !== undefined && radius < Infinity ? radius : undefined,
    };
  }

  /** Candidates of every coordinate, components settled. */
  private snapAll(vehicle: Vehicle, request: Request): Snapped[][] {
    const pairs = request.coordinates.map(([lon, lat], i) => {
      const pair = vehicle.snapper.pair(lon, lat, this.snapOptions(request, i));
      if (pair.nearest.length === 0) {
        throw new Refusal('NoSegment', `Could not find a matching segment for coordinate ${i}`);
      }
      return pair;
    });
    return settleComponents(vehicle.graph, pairs);
  }

  private waypoints(vehicle: Vehicle, request: Request, places: readonly Snapped[]): Json[] {
    return places.map((place, i) =>
      waypoint(vehicle.graph, place, request.coordinates[i]!, request.options.generateHints),
    );
  }

  private route(vehicle: Vehicle, request: Request): Json {
    const { options } = request;
    const stops = this.snapAll(vehicle, request);
    const finder = this.finder(vehicle, request);
    const legs = journey(finder, stops, options.continueStraight ?? true);
    if (!legs) throw new Refusal('NoRoute', 'Impossible route between points');
    const places = [legs[0]!.source, ...legs.map((leg) => leg.target)];
    const count = legs.length === 1 ? Math.min(options.alternatives, this.limits.alternatives) : 0;
    const others = count > 0 ? alternativesTo(legs[0]!, finder, stops[0]!, stops[1]!, count) : [];
    const routes = [legs, ...others.map((leg) => [leg])];
    const body: Json = {
      routes: routes.map((way) => routeObject(vehicle.graph, way, request.coordinates, options)),
    };
    if (!options.skipWaypoints) body.waypoints = this.waypoints(vehicle, request, places);
    return body;
  }

  private table(vehicle: Vehicle, request: Request): Json {
    const { options, coordinates } = request;
    const stops = this.snapAll(vehicle, request);
    const { graph, searcher } = vehicle;
    const rows = options.sources ?? [...coordinates.keys()];
    const columns = options.destinations ?? [...coordinates.keys()];
    const finder = this.finder(vehicle, request);
    const sources = rows.map((i) => seedsOf(graph, stops[i]!, 'source', finder.closed));
    const targets = columns.map((i) => seedsOf(graph, stops[i]!, 'target', finder.closed));
    const matrix =
      finder.excluded || finder.closed !== searcher.closed
        ? filteredMatrix(searcher, sources, targets, finder.closed, finder.excluded)
        : matrixOf(searcher, sources, targets);
    const body: Json = {};
    const estimated: [number, number][] = [];
    const wantsDuration = options.annotations.size === 0 || options.annotations.has('duration');
    const cells = (
      values: Float64Array,
      print: (value: number) => number,
      estimate: (metres: number) => number,
    ) =>
      rows.map((from, row) =>
        columns.map((to, column) => {
          const value = values[row * columns.length + column]!;
          if (!Number.isNaN(value)) return print(value);
          if (options.fallbackSpeed === null) return null;
          const a = stops[from]![0]!;
          const b = stops[to]![0]!;
          const metres =
            options.fallbackCoordinate === 'input'
              ? distanceM(
                  toFixed(coordinates[from]![0]),
                  toFixed(coordinates[from]![1]),
                  toFixed(coordinates[to]![0]),
                  toFixed(coordinates[to]![1]),
                )
              : distanceM(a.lon, a.lat, b.lon, b.lat);
          if (!estimated.some(([x, y]) => x === row && y === column)) estimated.push([row, column]);
          return estimate(metres);
        }),
      );
    if (wantsDuration) {
      const speed = options.fallbackSpeed ?? 1;
      body.durations = cells(
        matrix.durations,
        (value) => tenths((value / 10) * options.scaleFactor),
        (metres) => tenths(metres / speed),
      );
    }
    if (options.annotations.has('distance')) {
      body.distances = cells(matrix.distances, tenths, tenths);
    }
    if (options.fallbackSpeed !== null) body.fallback_speed_cells = estimated;
    if (!options.skipWaypoints) {
      const points = this.waypoints(
        vehicle,
        request,
        stops.map((places) => places[0]!),
      );
      body.sources = rows.map((i) => points[i]);
      body.destinations = columns.map((i) => points[i]);
    }
    return body;
  }

  private trip(vehicle: Vehicle, request: Request): Json {
    const { options, coordinates } = request;
    const ends = {
      fixedFirst: options.source === 'first',
      fixedLast: options.destination === 'last',
      closed: options.roundtrip,
    };
    if (!ends.closed && !ends.fixedFirst && !ends.fixedLast) {
      throw new Refusal('NotImplemented', 'This request is not supported');
    }
    const stops = this.snapAll(vehicle, request);
    const { graph, searcher } = vehicle;
    const finder = this.finder(vehicle, request);
    const sources = stops.map((places) => seedsOf(graph, places, 'source', finder.closed));
    const targets = stops.map((places) => seedsOf(graph, places, 'target', finder.closed));
    const matrix =
      finder.excluded || finder.closed !== searcher.closed
        ? filteredMatrix(searcher, sources, targets, finder.closed, finder.excluded)
        : matrixOf(searcher, sources, targets);
    const order = tripOrder(matrix.durations, stops.length, ends);
    if (!order) throw new Refusal('NoTrips', 'No trip visiting all destinations possible.');
    const round = ends.closed ? [...order, order[0]!] : order;
    const legs = journey(
      finder,
      round.map((i) => stops[i]!),
      false,
    );
    if (!legs) throw new Refusal('NoTrips', 'No trip visiting all destinations possible.');
    const asked = round.map((i) => coordinates[i]!);
    const body: Json = { trips: [routeObject(graph, legs, asked, options)] };
    if (!options.skipWaypoints) {
      const points = this.waypoints(
        vehicle,
        request,
        stops.map((places) => places[0]!),
      );
      body.waypoints = points.map((point, i) => ({
        waypoint_index: order.indexOf(i),
        trips_index: 0,
        ...point,
      }));
    }
    return body;
  }

  private match(vehicle: Vehicle, request: Request): Json {
    const { options } = request;
    if (options.timestamps.some((time, i) => i > 0 && time < options.timestamps[i - 1]!)) {
      throw new Refusal('InvalidValue', 'Timestamps need to be monotonically increasing.');
    }
    const finder = this.finder(vehicle, request);
    const matched = matchTrace(vehicle.graph, vehicle.snapper, vehicle.local, finder, request);
    if (matched === 'no-street') {
      throw new Refusal('NoSegment', 'Could not find a matching segment for any coordinate.');
    }
    if (matched === 'no-match') throw new Refusal('NoMatch', 'Could not match the trace.');
    return matchAnswer(vehicle.graph, matched, request);
  }

  private nearest(vehicle: Vehicle, request: Request): Json {
    const { graph } = vehicle;
    const [lon, lat] = request.coordinates[0]!;
    const places = vehicle.snapper.nearest(lon, lat, request.options.number, this.snapOptions(request, 0));
    if (places.length === 0) {
      throw new Refusal('NoSegment', 'Could not find a matching segments for coordinate');
    }
    return {
      waypoints: places.map((place) => ({
        nodes: nodesAround(graph, place),
        ...waypoint(graph, place, request.coordinates[0]!, request.options.generateHints),
      })),
    };
  }
}

/** OSM ids of the piece a place lies on. On a one-way street OSRM names only its first node, and 0 before the first. */
function nodesAround(graph: Graph, place: Snapped): number[] {
  const at = graph.streetStart[place.street]! + place.piece;
  const first = graph.nodeOsmId[graph.streetNode[at]!]!;
  if (place.reverseLane < 0) return [place.piece > 0 ? first : 0, first];
  return [graph.nodeOsmId[graph.streetNode[at + 1]!]!, first];
}

function refused(error: ApiError): Answer {
  return { status: error.status, body: { message: error.message, code: error.code } };
}
