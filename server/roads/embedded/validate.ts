import type { Request } from './request.ts';
import { CLASS } from './way-rules.ts';

/** Most of each a request may ask for; Infinity where there is no limit. */
export interface Limits {
  routePoints: number;
  tablePoints: number;
  tripPoints: number;
  matchPoints: number;
  nearestResults: number;
  alternatives: number;
}

/** What `osrm-routed` allows by default. */
export const OSRM_LIMITS: Limits = {
  routePoints: 500,
  tablePoints: 100,
  tripPoints: 100,
  matchPoints: 100,
  nearestResults: 100,
  alternatives: 3,
};

export const NO_LIMITS: Limits = {
  routePoints: Infinity,
  tablePoints: Infinity,
  tripPoints: Infinity,
  matchPoints: Infinity,
  nearestResults: Infinity,
  alternatives: 3,
};

/** What a request is refused with; osrm-routed answers all of these with status 400. */
export class Refusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The checks osrm-routed makes before it looks at the map, in its order. */
export function validate({ service, coordinates, options }: Request, limits: Limits): void {
  const count = coordinates.length;
  for (const name of ['hints', 'bearings', 'radiuses', 'approaches'] as const) {
    const size = options[name].length;
    if (size > 0 && size !== count) {
      throw new Refusal(
        'InvalidOptions',
        `Number of elements in ${name} size ${size} does not match coordinate size ${count}`,
      );
    }
  }
  if (service === 'nearest') {
    if (count !== 1) throw new Refusal('InvalidOptions', 'Only one input coordinate is supported');
    if (options.number < 1) throw new Refusal('InvalidOptions', '');
    limit(options.number, limits.nearestResults, 'Number of results');
  } else if (count < 2 && service !== 'table') {
    throw new Refusal('InvalidOptions', 'Number of coordinates needs to be at least two.');
  }
  if (service === 'table') validateTable(count, options, limits);
  if (service === 'match' && options.timestamps.length > 0 && options.timestamps.length !== count) {
    throw new Refusal(
      'InvalidOptions',
      `Number of elements in timestamps size ${options.timestamps.length} does not match coordinate size ${count}`,
    );
  }
  if (service === 'route' || service === 'trip') {
    const most = service === 'route' ? limits.routePoints : limits.tripPoints;
    limit(count, most, 'Number of entries');
  }
  if (service === 'route' && options.alternatives > limits.alternatives) {
    throw new Refusal(
      'TooBig',
      `Requested number of alternatives is higher than current maximum (${limits.alternatives})`,
    );
  }
  if (service === 'match' && count > limits.matchPoints) {
    throw new Refusal('TooBig', 'Too many trace coordinates');
  }
  if (options.waypoints?.some((index) => index >= count)) throw new Refusal('InvalidOptions', '');
  if (coordinates.some(([lon, lat]) => !(Math.abs(lon) <= 180 && Math.abs(lat) <= 90))) {
    throw new Refusal('InvalidValue', 'Invalid coordinate value.');
  }
}

function validateTable(count: number, options: Request['options'], limits: Limits): void {
  const { sources, destinations, fallbackSpeed, scaleFactor } = options;
  const outside = [...(sources ?? []), ...(destinations ?? [])].some((index) => index >= count);
  if (count < 1 || outside || (fallbackSpeed !== null && fallbackSpeed <= 0) || scaleFactor <= 0) {
    throw new Refusal('InvalidOptions', '');
  }
  const cells = (sources?.length ?? count) * (destinations?.length ?? count);
  if (cells > limits.tablePoints ** 2) throw new Refusal('TooBig', 'Too many table coordinates');
}

function limit(count: number, most: number, what: string): void {
  if (count > most) throw new Refusal('TooBig', `${what} ${count} is higher than current maximum (${most})`);
}

/** Bits of the classes a request will not drive on. */
export function excludedClasses({ options }: Request): number {
  const allowed: Record<string, number> = {
    toll: CLASS.toll,
    motorway: CLASS.motorway,
    ferry: CLASS.ferry,
  };
  if (options.exclude.length === 0) return 0;
  const bits = allowed[options.exclude[0]!];
  if (options.exclude.length > 1 || bits === undefined) {
    throw new Refusal('InvalidValue', 'Exclude flag combination is not supported.');
  }
  return bits;
}
