import type { FastifyInstance } from 'fastify';
import { admit } from './admit.ts';
import { domainErrorOf, httpStatusOf } from './errors.ts';
import { identify } from './identify.ts';
import type { Services } from './services.ts';

const SERVICES = new Set(['route', 'table', 'nearest', 'trip', 'match']);

/** OSRM v1 answers from the router in use, for a signed-in user, with the same rate as every other call. */
export function serveOsrm(app: FastifyInstance, services: Services): void {
  app.get<{ Params: { service: string } }>('/osrm/:service/v1/:profile/*', async (request, reply) => {
    try {
      await admit(await identify(services, request, reply), 'signed-in');
    } catch (error) {
      const domain = domainErrorOf(error);
      if (!domain) throw error;
      const code = domain.kind === 'too-many' ? 'TooManyRequests' : 'NotAuthorized';
      return reply.code(httpStatusOf(domain)).send({ code, message: domain.message });
    }
    if (!SERVICES.has(request.params.service)) {
      return reply.code(400).send({ code: 'InvalidService', message: 'Service not found!' });
    }
    if (!services.osrm)
      return reply.code(503).send({ code: 'NotReady', message: 'The router is not ready.' });
    const { status, body } = await services.osrm(request.url.slice('/osrm'.length));
    return reply.code(status).send(body);
  });
}
