import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { admit } from '../admit.ts';
import type { Access, Context } from '../context.ts';
import { domainErrorOf, httpStatusOf } from '../errors.ts';
import { identify } from '../identify.ts';
import type { Services } from '../services.ts';

/** A body, path or query that is not what the app is known to send: 422 with the place of each mistake. */
class Unprocessable extends Error {
  readonly detail: readonly { loc: PropertyKey[]; msg: string; type: string }[];
  constructor(detail: readonly { loc: PropertyKey[]; msg: string; type: string }[]) {
    super('unprocessable');
    this.detail = detail;
  }
}

export const pathId = z.object({ id: z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER) });

/** @throws answered as 422 */
export function readPart<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  part: 'body' | 'path' | 'query',
): z.output<Schema> {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  throw new Unprocessable(
    read.error.issues.map((issue) => ({ loc: [part, ...issue.path], msg: issue.message, type: issue.code })),
  );
}

/** Who calls, when they may. */
export type Caller = (request: FastifyRequest, reply: FastifyReply, access: Access) => Promise<Context>;

/** Routes of the app with its own form of errors: `{detail}`, and a wrong state is a 400. */
export function serveForApp(
  app: FastifyInstance,
  services: Services,
  routes: (scope: FastifyInstance, caller: Caller) => void,
): void {
  void app.register(async (scope) => {
    const json = scope.getDefaultJsonParser('error', 'error');
    scope.removeContentTypeParser('application/json');
    // The app names JSON also where it sends no body.
    scope.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) =>
      body === '' ? done(null, undefined) : json(request, String(body), done),
    );
    // The OAuth2 password form.
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string' },
      (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
    );
    scope.addHook('onSend', async (_request, reply) => void reply.header('cache-control', 'no-store'));
    scope.setErrorHandler((error: unknown, _request, reply) => {
      if (error instanceof Unprocessable) return reply.code(422).send({ detail: error.detail });
      const domain = domainErrorOf(error);
      if (domain) {
        const status = domain.kind === 'conflict' ? 400 : httpStatusOf(domain);
        if (status === 401) void reply.header('www-authenticate', 'Bearer');
        return reply.code(status).send({ detail: domain.message });
      }
      if ((error as { statusCode?: unknown }).statusCode === 400) {
        return reply
          .code(422)
          .send({ detail: [{ loc: ['body'], msg: 'The body is no JSON.', type: 'json_invalid' }] });
      }
      throw error;
    });
    routes(scope, async (request, reply, access) => {
      const context = await identify(services, request, reply);
      await admit(context, access);
      return context;
    });
  });
}
