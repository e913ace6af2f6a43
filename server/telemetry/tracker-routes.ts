import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../shared/time.ts';
import type { Ack } from '../../shared/telemetry.ts';
import type { Device, Intake } from './intake.ts';
import { decodeOsmand, decodeTraccarClient, type TrackerPosition } from './protocols/osmand.ts';
import { decodeOwntracks } from './protocols/owntracks.ts';
import { decodeTraccar } from './protocols/traccar.ts';
import { settleUnderWay, takeUnderWay, UNACKED_HIGH_FIXES, type DeviceShare } from './device-share.ts';
import { spend } from './rate.ts';

export interface TrackerDeps {
  /** The device that holds a token; null for an unknown or revoked one. */
  authenticate(token: string): Promise<Device | null>;
  deviceByUniqueId(uniqueId: string): Promise<Device | null>;
  /** Whether an API token of scope `positions` is in use. */
  isPositionsToken(token: string): Promise<boolean>;
  intake: Intake;
  clock: Clock;
  shareOf(deviceId: number): DeviceShare;
  /** True while fixes cannot be taken: pressure, or the server stops. */
  isBusy(): boolean;
}

type Stored = Omit<Ack, 'ack'>;

const BODY_LIMIT_BYTES = 64 * 1024;
const COMMIT_TIMEOUT_MS = 10_000;
const LOCATIONS_MAX = 1_000;

/** An answer that is no 200. */
class Refusal extends Error {
  readonly status: 400 | 401 | 404 | 429 | 503;
  readonly reason: string;
  constructor(status: 400 | 401 | 404 | 429 | 503, reason: string) {
    super(reason);
    this.status = status;
    this.reason = reason;
  }
}

/** The HTTP trackers: OsmAnd and Traccar Client, OwnTracks, Traccar's forwarding. 200 only after the commit. */
export function registerTrackerRoutes(app: FastifyInstance, deps: TrackerDeps): void {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      '*',
      { parseAs: 'string', bodyLimit: BODY_LIMIT_BYTES },
      (_request, body, done) => done(null, body),
    );
    scope.setErrorHandler((error: unknown, _request, reply) => answerError(error, reply));

    scope.route({
      method: ['GET', 'POST'],
      url: '/gps/osmand',
      handler: async (request) => {
        const positions = osmandPositions(request, deps.clock());
        const results: Stored[] = [];
        for (const [device, fixes] of await osmandDevices(request, positions)) {
          results.push(await store(device, fixes));
        }
        return summaryOf(results);
      },
    });

    scope.post('/gps/owntracks', async (request) => {
      const token = basicPassword(request) ?? bearerOf(request);
      const device = token === null ? null : await deps.authenticate(token);
      if (!device) throw new Refusal(401, 'not-signed-in');
      const decoded = decodeOwntracks(jsonBody(request));
      if (decoded) await store(device, [decoded.fix]);
      return [];
    });

    scope.post('/gps/traccar', async (request) => {
      const token = bearerOf(request) ?? queryOf(request).token ?? null;
      if (token === null || !(await deps.isPositionsToken(token))) throw new Refusal(401, 'not-signed-in');
      const { id, fix } = decodeTraccar(jsonBody(request));
      if (id === null) throw new Refusal(400, 'invalid-input');
      const device = await deps.deviceByUniqueId(id);
      if (!device) throw new Refusal(404, 'not-found');
      return summaryOf([await store(device, [fix])]);
    });
  });

  /** By what `id` says: the token itself, or the tracker's own name with the token beside it. */
  async function osmandDevices(
    request: FastifyRequest,
    positions: readonly TrackerPosition[],
  ): Promise<Map<Device, unknown[]>> {
    const beside =
      bearerOf(request) ?? basicPassword(request) ?? bareToken(request) ?? queryOf(request).token ?? null;
    const byId = new Map<string | null, unknown[]>();
    for (const { id, fix } of positions) {
      const list = byId.get(id);
      if (list) list.push(fix);
      else byId.set(id, [fix]);
    }
    const found = new Map<Device, unknown[]>();
    for (const [id, fixes] of byId) {
      const token = beside ?? id;
      const device = token === null ? null : await deps.authenticate(token);
      if (!device) throw new Refusal(401, 'not-signed-in');
      const isItsName = id === null || id === token || id === device.uniqueId;
      if (beside !== null && !isItsName) throw new Refusal(401, 'not-signed-in');
      found.set(device, fixes);
    }
    return found;
  }

  function store(device: Device, fixes: readonly unknown[]): Promise<Stored> {
    if (deps.isBusy()) return Promise.reject(new Refusal(503, 'unavailable'));
    const share = deps.shareOf(device.id);
    const { waitMs, flood } = spend(share.budget, deps.clock(), fixes.length);
    const isFull = share.unackedFixes + fixes.length > UNACKED_HIGH_FIXES;
    if (waitMs > 0 || flood || isFull) return Promise.reject(new Refusal(429, 'too-many-requests'));
    takeUnderWay(share, fixes.length);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Refusal(503, 'database-unavailable')), COMMIT_TIMEOUT_MS);
      const settle = (act: () => void) => {
        clearTimeout(timer);
        settleUnderWay(share, fixes.length);
        act();
      };
      deps.intake.take(
        device,
        fixes,
        (stored, duplicate, rejected) => settle(() => resolve({ stored, duplicate, rejected })),
        () => settle(() => reject(new Refusal(503, 'unavailable'))),
      );
    });
  }
}

function osmandPositions(request: FastifyRequest, nowMs: number): TrackerPosition[] {
  if (typeof request.body === 'string' && /^\s*[[{]/.test(request.body)) {
    const body = jsonBody(request);
    const positions = (Array.isArray(body) ? body : [body]).flatMap(decodeTraccarClient);
    if (positions.length > LOCATIONS_MAX) throw new Refusal(400, 'invalid-input');
    return positions;
  }
  const form = { ...queryOf(request), ...formBody(request) };
  return [decodeOsmand(form, nowMs)];
}

function queryOf(request: FastifyRequest): Record<string, string | undefined> {
  const query = request.url.split('?')[1] ?? '';
  return Object.fromEntries(new URLSearchParams(query));
}

function formBody(request: FastifyRequest): Record<string, string | undefined> {
  return typeof request.body === 'string' ? Object.fromEntries(new URLSearchParams(request.body)) : {};
}

function jsonBody(request: FastifyRequest): unknown {
  try {
    return JSON.parse(typeof request.body === 'string' ? request.body : '');
  } catch {
    throw new Refusal(400, 'invalid-input');
  }
}

function bearerOf(request: FastifyRequest): string | null {
  return /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? null;
}

/** HTTP Basic: the user is whatever the app likes, the password is the token. */
function basicPassword(request: FastifyRequest): string | null {
  const encoded = /^Basic +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (!encoded) return null;
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 0 ? null : decoded.slice(colon + 1);
}

/** `Authorization: <token>`, as trackers send it that know a header but no scheme. */
function bareToken(request: FastifyRequest): string | null {
  return /^\S+$/.exec(request.headers.authorization ?? '')?.[0] ?? null;
}

function summaryOf(results: readonly Stored[]): Stored {
  return {
    stored: results.reduce((sum, one) => sum + one.stored, 0),
    duplicate: results.reduce((sum, one) => sum + one.duplicate, 0),
    rejected: results.flatMap((one) => one.rejected),
  };
}

function answerError(error: unknown, reply: FastifyReply): FastifyReply {
  if (error instanceof Refusal) {
    if (error.status === 401) reply.header('www-authenticate', 'Basic realm="gps"');
    return reply.status(error.status).send({ error: error.reason });
  }
  const status = (error as { statusCode?: unknown }).statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500)
    return reply.status(status).send({ error: 'refused' });
  return reply.status(503).send({ error: 'unavailable' });
}
