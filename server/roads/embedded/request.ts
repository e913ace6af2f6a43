/**
 * The URLs osrm-routed understands: `/{service}/v1/{profile}/{coordinates}[.json]?option=value&…`. A URL that is not
 * one yields the error OSRM would answer, with the position where reading stopped.
 */
export type Service = 'route' | 'table' | 'nearest' | 'trip' | 'match' | 'tile';

export interface ApiError {
  status: number;
  code: string;
  message: string;
}

export interface Options {
  alternatives: number;
  steps: boolean;
  annotations: Set<string>;
  geometries: 'polyline' | 'polyline6' | 'geojson';
  overview: 'simplified' | 'full' | 'false';
  continueStraight: boolean | null;
  waypoints: number[] | null;
  generateHints: boolean;
  skipWaypoints: boolean;
  hints: (string | null)[];
  radiuses: (number | null)[];
  bearings: ({ degrees: number; range: number } | null)[];
  approaches: ('curb' | 'opposite' | 'unrestricted' | null)[];
  exclude: string[];
  snapping: 'default' | 'any';
  sources: number[] | null;
  destinations: number[] | null;
  fallbackSpeed: number | null;
  fallbackCoordinate: 'input' | 'snapped';
  scaleFactor: number;
  number: number;
  roundtrip: boolean;
  source: 'any' | 'first';
  destination: 'any' | 'last';
  timestamps: number[];
  gaps: 'split' | 'ignore';
  tidy: boolean;
}

export interface Request {
  service: Service;
  profile: string;
  coordinates: [lon: number, lat: number][];
  options: Options;
}

export function defaultOptions(): Options {
  return {
    alternatives: 0,
    steps: false,
    annotations: new Set(),
    geometries: 'polyline',
    overview: 'simplified',
    continueStraight: null,
    waypoints: null,
    generateHints: true,
    skipWaypoints: false,
    hints: [],
    radiuses: [],
    bearings: [],
    approaches: [],
    exclude: [],
    snapping: 'default',
    sources: null,
    destinations: null,
    fallbackSpeed: null,
    fallbackCoordinate: 'input',
    scaleFactor: 1,
    number: 1,
    roundtrip: true,
    source: 'any',
    destination: 'any',
    timestamps: [],
    gaps: 'split',
    tidy: false,
  };
}

/** Reads one option's value from the cursor into the options; false leaves the cursor where it stopped. */
type ValueReader = (cursor: Cursor, options: Options) => boolean;

class Cursor {
  readonly text: string;
  at: number;

  constructor(text: string, at = 0) {
    this.text = text;
    this.at = at;
  }

  get done(): boolean {
    return this.at >= this.text.length;
  }

  literal(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  match(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (!found) return null;
    this.at += found[0].length;
    return found[0];
  }

  number(): number | null {
    const found = this.match(/[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/y);
    return found === null ? null : Number(found);
  }

  whole(): number | null {
    const found = this.match(/\d+/y);
    return found === null ? null : Number(found);
  }

  word<T extends string>(words: readonly T[]): T | null {
    return words.find((word) => this.literal(word)) ?? null;
  }
}

function flag(set: (options: Options, value: boolean) => void): ValueReader {
  return (cursor, options) => {
    const word = cursor.word(['true', 'false']);
    if (word === null) return false;
    set(options, word === 'true');
    return true;
  };
}

function choice<T extends string>(
  words: readonly T[],
  set: (options: Options, value: T) => void,
): ValueReader {
  return (cursor, options) => {
    const word = cursor.word(words);
    if (word === null) return false;
    set(options, word);
    return true;
  };
}

/** Semicolon-separated items, each possibly empty. */
function list<T>(
  item: (cursor: Cursor) => T | null,
  set: (options: Options, values: (T | null)[]) => void,
): ValueReader {
  return (cursor, options) => {
    const values: (T | null)[] = [];
    do values.push(item(cursor));
    while (cursor.literal(';'));
    set(options, values);
    return true;
  };
}

function indices(cursor: Cursor): number[] | null {
  const values: number[] = [];
  do {
    const value = cursor.whole();
    if (value === null) return null;
    values.push(value);
  } while (cursor.literal(';'));
  return values;
}

const COMMON: Record<string, ValueReader> = {
  hints: list(
    (cursor) => cursor.match(/[A-Za-z0-9_\-=]{16,}/y),
    (options, values) => (options.hints = values),
  ),
  radiuses: list(
    (cursor) => (cursor.literal('unlimited') ? Infinity : cursor.number()),
    (options, values) => (options.radiuses = values),
  ),
  bearings: list(
    (cursor) => {
      const degrees = cursor.whole();
      if (degrees === null || !cursor.literal(',')) return null;
      const range = cursor.whole();
      return range === null ? null : { degrees, range };
    },
    (options, values) => (options.bearings = values),
  ),
  approaches: list(
    (cursor) => cursor.word(['curb', 'opposite', 'unrestricted'] as const),
    (options, values) => (options.approaches = values),
  ),
  generate_hints: flag((options, value) => (options.generateHints = value)),
  skip_waypoints: flag((options, value) => (options.skipWaypoints = value)),
  snapping: choice(['default', 'any'], (options, value) => (options.snapping = value)),
  exclude: (cursor, options) => {
    const classes: string[] = [];
    do {
      const word = cursor.match(/[a-zA-Z0-9]+/y);
      if (word === null) return false;
      classes.push(word);
    } while (cursor.literal(','));
    options.exclude = classes;
    return true;
  },
};

const ROUTE_ANNOTATIONS = ['duration', 'nodes', 'distance', 'weight', 'datasources', 'speed'] as const;

function annotations(allowed: readonly string[], all: readonly string[]): ValueReader {
  return (cursor, options) => {
    if (cursor.literal('true')) {
      options.annotations = new Set(all);
      return true;
    }
    if (cursor.literal('false')) return true;
    do {
      const word = cursor.word(allowed);
      if (word === null) return false;
      options.annotations.add(word);
    } while (cursor.literal(','));
    return true;
  };
}

const ROUTE_BASE: Record<string, ValueReader> = {
  ...COMMON,
  steps: flag((options, value) => (options.steps = value)),
  geometries: choice(['geojson', 'polyline6', 'polyline'], (options, value) => (options.geometries = value)),
  overview: choice(['simplified', 'full', 'false'], (options, value) => (options.overview = value)),
  annotations: annotations(ROUTE_ANNOTATIONS, ROUTE_ANNOTATIONS),
};

const waypoints: ValueReader = (cursor, options) => {
  options.waypoints = indices(cursor);
  return options.waypoints !== null;
};

const OPTIONS: Record<Service, Record<string, ValueReader>> = {
  route: {
    ...ROUTE_BASE,
    waypoints,
    alternatives: (cursor, options) => {
      const count = cursor.whole();
      if (count !== null) options.alternatives = count;
      else {
        const word = cursor.word(['true', 'false']);
        if (word === null) return false;
        options.alternatives = word === 'true' ? 1 : 0;
      }
      return true;
    },
    continue_straight: (cursor, options) => {
      const word = cursor.word(['default', 'true', 'false']);
      if (word === null) return false;
      options.continueStraight = word === 'default' ? null : word === 'true';
      return true;
    },
  },
  table: {
    ...COMMON,
    sources: (cursor, options) => {
      if (!cursor.literal('all')) options.sources = indices(cursor);
      else return true;
      return options.sources !== null;
    },
    destinations: (cursor, options) => {
      if (!cursor.literal('all')) options.destinations = indices(cursor);
      else return true;
      return options.destinations !== null;
    },
    annotations: annotations(['duration', 'distance'], ['duration', 'distance']),
    fallback_speed: (cursor, options) => {
      options.fallbackSpeed = cursor.number();
      return options.fallbackSpeed !== null;
    },
    fallback_coordinate: choice(
      ['input', 'snapped'],
      (options, value) => (options.fallbackCoordinate = value),
    ),
    scale_factor: (cursor, options) => {
      const factor = cursor.number();
      if (factor !== null) options.scaleFactor = factor;
      return factor !== null;
    },
  },
  nearest: {
    ...COMMON,
    number: (cursor, options) => {
      const count = cursor.whole();
      if (count !== null) options.number = count;
      return count !== null;
    },
  },
  trip: {
    ...ROUTE_BASE,
    roundtrip: flag((options, value) => (options.roundtrip = value)),
    source: choice(['any', 'first'], (options, value) => (options.source = value)),
    destination: choice(['any', 'last'], (options, value) => (options.destination = value)),
  },
  match: {
    ...ROUTE_BASE,
    waypoints,
    timestamps: (cursor, options) => {
      const values = indices(cursor);
      if (values) options.timestamps = values;
      return values !== null;
    },
    gaps: choice(['split', 'ignore'], (options, value) => (options.gaps = value)),
    tidy: flag((options, value) => (options.tidy = value)),
  },
  tile: {},
};

/** Longest URL read; osrm-routed has none of its own, but nobody has a use for more. */
const MAX_URL_LENGTH = 1_000_000;

export function parseRequest(rawUrl: string): Request | ApiError {
  if (rawUrl.length > MAX_URL_LENGTH) {
    return { status: 400, code: 'InvalidUrl', message: 'URL string malformed close to position 0: ""' };
  }
  const url = decoded(rawUrl);
  const cursor = new Cursor(url);
  const head =
    cursor.literal('/') &&
    cursor.match(/[a-zA-Z0-9]+/y) !== null &&
    cursor.literal('/v') &&
    cursor.match(/\d+/y) !== null &&
    cursor.literal('/') &&
    cursor.match(/[^/?#]+/y) !== null &&
    cursor.literal('/');
  if (!head || cursor.done) {
    const at = head || cursor.at < 2 ? cursor.at : url.length;
    const around = url.slice(Math.max(0, at - 3), at + 3);
    return {
      status: 400,
      code: 'InvalidUrl',
      message: `URL string malformed close to position ${at}: "${around}"`,
    };
  }
  const [, service, version, profile] = url.split('/') as [string, string, string, string];
  if (!Object.hasOwn(OPTIONS, service)) {
    return { status: 400, code: 'InvalidService', message: `Service ${service} not found!` };
  }
  if (version !== 'v1') {
    return { status: 400, code: 'InvalidVersion', message: `Service ${service} not found!` };
  }
  const request: Request = {
    service: service as Service,
    profile,
    coordinates: [],
    options: defaultOptions(),
  };
  if (!readQuery(cursor, request)) {
    return {
      status: 400,
      code: 'InvalidQuery',
      message: `Query string malformed close to position ${cursor.at}`,
    };
  }
  return request;
}

function decoded(url: string): string {
  try {
    return decodeURIComponent(url);
  } catch {
    return url;
  }
}

function readQuery(cursor: Cursor, request: Request): boolean {
  if (!readCoordinates(cursor, request)) return false;
  cursor.literal('.json');
  if (cursor.done) return true;
  if (!cursor.literal('?')) return false;
  const readers = OPTIONS[request.service];
  do {
    const start = cursor.at;
    const name = cursor.match(/[a-z_]+/y);
    const reader = name !== null && Object.hasOwn(readers, name) ? readers[name] : undefined;
    if (!reader || !cursor.literal('=')) {
      cursor.at = start;
      return false;
    }
    if (!reader(cursor, request.options)) return false;
  } while (cursor.literal('&'));
  return cursor.done;
}

function readCoordinates(cursor: Cursor, request: Request): boolean {
  const encoded = cursor.word(['polyline6(', 'polyline(']);
  if (encoded !== null) {
    const text = cursor.match(/[^)]+/y);
    if (text === null || !cursor.literal(')')) return false;
    request.coordinates = decodePolyline(text, encoded === 'polyline6(' ? 1e6 : 1e5);
    return true;
  }
  const start = cursor.at;
  do {
    const lon = cursor.number();
    if (lon === null || !cursor.literal(',')) return fail(cursor, request, start);
    const lat = cursor.number();
    if (lat === null) return fail(cursor, request, start);
    request.coordinates.push([lon, lat]);
  } while (cursor.literal(';'));
  return true;
}

/** With nothing read yet OSRM reports the start of the list, else where it stopped. */
function fail(cursor: Cursor, request: Request, start: number): false {
  if (request.coordinates.length === 0) cursor.at = start;
  return false;
}

/** Decodes Google's polyline format to [lon, lat] pairs. */
export function decodePolyline(text: string, precision: number): [number, number][] {
  const points: [number, number][] = [];
  let at = 0;
  const value = (): number => {
    let result = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = (text.charCodeAt(at++) || 63) - 63;
      result |= (byte & 31) << shift;
      shift += 5;
    } while (byte >= 32 && shift < 35);
    return result & 1 ? ~(result >> 1) : result >> 1;
  };
  let lat = 0;
  let lon = 0;
  while (at < text.length) {
    lat += value();
    lon += value();
    points.push([lon / precision, lat / precision]);
  }
  return points;
}

/** Encodes fixed-point coordinates (1e-6 degree) in Google's polyline format. */
export function encodePolyline(lon: readonly number[], lat: readonly number[], precision: 1e5 | 1e6): string {
  const divisor = 1e6 / precision;
  let text = '';
  let lastLat = 0;
  let lastLon = 0;
  const append = (delta: number): void => {
    let rest = delta < 0 ? ~(delta << 1) : delta << 1;
    while (rest >= 32) {
      text += String.fromCharCode((32 | (rest & 31)) + 63);
      rest >>>= 5;
    }
    text += String.fromCharCode(rest + 63);
  };
  for (let i = 0; i < lon.length; i++) {
    const y = Math.round(lat[i]! / divisor);
    const x = Math.round(lon[i]! / divisor);
    append(y - lastLat);
    append(x - lastLon);
    lastLat = y;
    lastLon = x;
  }
  return text;
}
