import { randomUUID } from 'node:crypto';
import compress from '@fastify/compress';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { serveClientConfig } from './client-config.ts';
import { contentPolicy } from './content-policy.ts';
import { domainErrorOf, httpStatusOf } from './errors.ts';
import { serveHealth } from './health.ts';
import { serveConductores } from './legacy/conductores.ts';
import { serveIncidencias } from './legacy/incidencias.ts';
import { serveOpenapi } from './legacy/openapi.ts';
import { serveRutas } from './legacy/rutas.ts';
import { serveSesiones } from './legacy/sesiones.ts';
import { countRequests, serveMetrics } from './metrics.ts';
import { mountTrpc } from './mount-trpc.ts';
import { serveOsrm } from './osrm.ts';
import { servePages } from './pages.ts';
import { servePhotos } from './photos.ts';
import { requireSameOrigin } from './same-origin.ts';
import type { Services } from './services.ts';
import { serveTiles } from './tiles.ts';
import { traceRequests } from './trace-requests.ts';

const BODY_LIMIT_BYTES = 512 * 1024;

/**
 * The one HTTP server, not yet listening. The gateway of the devices attaches its websocket upgrade and its tracker
 * paths to the same server.
 */
export function buildHttp(services: Services): FastifyInstance {
  const { config } = services;
  const app = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    trustProxy: trusted(config.trustProxy),
    requestTimeout: 30_000,
    forceCloseConnections: 'idle',
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: 5_000, ignoreTrailingSlash: true },
  });
  app.addHook('onRequest', async (request, reply) => void reply.header('x-request-id', request.id));
  traceRequests(app);
  countRequests(app, services);
  void app.register(helmet, contentPolicy(config));
  void app.register(cors, {
    origin: config.corsOrigins.length > 0 ? config.corsOrigins : false,
    // Other pages bring their own bearer token; the cookie is for ours alone.
    credentials: false,
    methods: ['GET', 'POST', 'PATCH', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type', 'last-event-id'],
    maxAge: 600,
  });
  // Event streams are left alone: a compressor would hold them back.
  void app.register(compress, { encodings: ['br', 'gzip'], threshold: 1_024 });
  requireSameOrigin(app, config.publicUrl);
  answerErrors(app, services);
  // Routes come after the plugins that wrap them.
  void app.register(async (scope) => {
    serveHealth(scope, services);
    serveMetrics(scope, services);
    serveClientConfig(scope, services);
    serveTiles(scope, services);
    serveOsrm(scope, services);
    servePhotos(scope, services);
    serveSesiones(scope, services);
    serveIncidencias(scope, services);
    serveRutas(scope, services);
    serveConductores(scope, services);
    serveOpenapi(scope, services);
    mountTrpc(scope, services);
  });
  servePages(app, services.clientDir);
  return app;
}

/** A number means: that many proxies, counted from us, may be believed. */
function trusted(proxies: Services['config']['trustProxy']) {
  return typeof proxies === 'number' ? (_address: string, hop: number) => hop < proxies : proxies;
}

/** The same stable words as tRPC, for everything that is not tRPC. */
function answerErrors(app: FastifyInstance, { log, metrics }: Services): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const domain = domainErrorOf(error);
    if (domain) {
      return reply
        .code(httpStatusOf(domain))
        .send({ error: { message: domain.message, reason: domain.reason, detail: domain.detail } });
    }
    const status = error.statusCode ?? 500;
    // A path that leads out of the folder of pages is no file either.
    if (status === 403)
      return reply.code(404).send({ error: { message: 'Nothing here.', reason: 'not-found' } });
    if (status < 500) {
      const reason =
        status === 413 ? 'too-large' : status === 415 ? 'unsupported-media-type' : 'invalid-input';
      return reply.code(status).send({ error: { message: error.message, reason } });
    }
    metrics?.unexpectedErrors.inc();
    log.error({ requestId: request.id, err: error }, 'a request failed');
    return reply.code(500).send({
      error: { message: 'Something went wrong on our side.', reason: 'internal', requestId: request.id },
    });
  });
}
