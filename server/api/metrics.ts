import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { bearerOf } from './identify.ts';
import type { Services } from './services.ts';

const FORWARDING = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/** Prometheus text for the scraper with its token, or for the machine itself when nothing was forwarded. */
export function serveMetrics(app: FastifyInstance, services: Services): void {
  const { metrics, config } = services;
  app.get('/metrics', async (request, reply) => {
    if (!mayRead(request, config.metricsToken)) {
      return reply.code(401).send({ error: { message: 'Not for you.', reason: 'not-signed-in' } });
    }
    if (!metrics)
      return reply.code(503).send({ error: { message: 'No metrics here.', reason: 'unavailable' } });
    return reply.header('content-type', metrics.contentType).send(await metrics.text());
  });
}

function mayRead(request: FastifyRequest, token: string | null): boolean {
  if (token !== null) {
    const given = bearerOf(request);
    return given !== null && timingSafeEqual(digest(given), digest(token));
  }
  const address = request.raw.socket.remoteAddress ?? '';
  const isLocal = address === '::1' || /^(::ffff:)?127\./.test(address);
  return isLocal && !FORWARDING.some((header) => request.headers[header] !== undefined);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Counts every answer by its route's pattern, so that a caller cannot grow the registry. */
export function countRequests(app: FastifyInstance, services: Services): void {
  const { metrics, log } = services;
  app.addHook('onResponse', async (request, reply) => {
    const status = `${Math.floor(reply.statusCode / 100)}xx`;
    const route = request.routeOptions.url ?? 'none';
    metrics?.httpSeconds.observe({ method: request.method, route, status }, reply.elapsedTime / 1_000);
    log.debug(
      {
        requestId: request.id,
        method: request.method,
        route,
        status: reply.statusCode,
        ms: reply.elapsedTime,
      },
      'answered',
    );
  });
}
