import { context, propagation, ROOT_CONTEXT, SpanKind, trace, type Span } from '@opentelemetry/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { beginSpan } from '../ops/spans.ts';

/** What people and devices ask of the product; pages, tiles and probes would only be noise. */
const TRACED = /^\/(trpc|api|gps|osrm)\//;

/**
 * A span for every request that does something; what it calls becomes its children, and a caller's own trace goes on
 * in it. Event streams live for hours and have none.
 */
export function traceRequests(app: FastifyInstance): void {
  const spans = new WeakMap<FastifyRequest, Span>();
  app.addHook('onRequest', (request, _reply, done) => {
    if (!TRACED.test(request.url) || request.headers.accept?.includes('text/event-stream')) return done();
    const caller = propagation.extract(ROOT_CONTEXT, request.headers);
    const span = context.with(caller, () =>
      beginSpan(
        request.method,
        { 'http.request.method': request.method, 'epagal.request_id': request.id },
        { kind: SpanKind.SERVER },
      ),
    );
    spans.set(request, span);
    context.with(trace.setSpan(caller, span), done);
  });
  // Reading a body leaves the asynchronous context; the handler is put back into it.
  app.addHook('preHandler', (request, _reply, done) => {
    const span = spans.get(request);
    if (span === undefined) return done();
    context.with(trace.setSpan(context.active(), span), done);
  });
  app.addHook('onResponse', (request, reply, done) => {
    const span = spans.get(request);
    const route = request.routeOptions.url ?? 'none';
    // A procedure's name says more than the pattern all of them share; only its shape is let through.
    const { path } = (request.params ?? {}) as { path?: unknown };
    const isProcedure = route === '/trpc/:path' && typeof path === 'string' && /^[\w.,]{1,80}$/.test(path);
    span?.updateName(isProcedure ? path : `${request.method} ${route}`);
    span?.setAttributes({ 'http.route': route, 'http.response.status_code': reply.statusCode });
    if (reply.statusCode >= 500) span?.setStatus({ code: 2 });
    span?.end();
    done();
  });
}
