import type { SpanKind } from '@opentelemetry/api';
import {
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
  type Attributes,
  type Link,
  type Span,
} from '@opentelemetry/api';
import { isDomainError } from '../../shared/errors.ts';

/** The product's spans; nothing happens in them until `startTracing` has been called. */
const tracer = () => trace.getTracer('epagal');

/**
 * Runs the work inside a span: what it calls becomes the span's children. An error nobody foresaw marks the span as
 * failed; a domain error is an answer and only leaves its reason.
 */
export function inSpan<T>(
  name: string,
  attributes: Attributes,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  return tracer().startActiveSpan(name, { attributes }, running(work));
}

/**
 * As {@link inSpan}, for what is done about things that happened elsewhere: it continues the newest cause's trace and
 * points at the others, whoever's call happens to run it.
 */
export function inSpanCausedBy<T>(
  causes: readonly Link[],
  name: string,
  attributes: Attributes,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const newest = causes.at(-1);
  const parent = newest === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, newest.context);
  return tracer().startActiveSpan(name, { attributes, links: causes.slice(0, -1) }, parent, running(work));
}

function running<T>(work: (span: Span) => Promise<T>): (span: Span) => Promise<T> {
  return async (span) => {
    try {
      return await work(span);
    } catch (error) {
      markFailed(span, error);
      throw error;
    } finally {
      span.end();
    }
  };
}

export function markFailed(span: Span, error: unknown): void {
  if (isDomainError(error)) return void span.setAttribute('epagal.reason', error.reason);
  const name = error instanceof Error ? error.name : 'error';
  // No message: it may quote a person's words or a statement.
  span.setStatus({ code: SpanStatusCode.ERROR, message: name });
}

/** A span that is ended elsewhere than it began, such as a request's or a fix's way to the screens. */
export function beginSpan(
  name: string,
  attributes: Attributes,
  options: { kind?: SpanKind; startMs?: number } = {},
) {
  return tracer().startSpan(name, { attributes, kind: options.kind, startTime: options.startMs });
}

/** Ids of the trace that runs now, for log lines; none when nothing is traced. */
export function traceIds(): { traceId?: string; spanId?: string } {
  const current = trace.getActiveSpan()?.spanContext();
  return current === undefined ? {} : { traceId: current.traceId, spanId: current.spanId };
}

const KEPT_EVENTS = 2_000;
const tracesOfEvents = new Map<number, Link>();

/** Remembers which trace wrote the event, so that what it causes later can point back. Bounded. */
export function rememberTraceOf(eventId: number): void {
  const context = trace.getActiveSpan()?.spanContext();
  if (context === undefined) return;
  tracesOfEvents.set(eventId, { context });
  if (tracesOfEvents.size > KEPT_EVENTS) tracesOfEvents.delete(tracesOfEvents.keys().next().value!);
}

/** Links to the traces that wrote the events after one id and up to another; of this instance only. */
export function tracesOf(afterId: number, upToId: number): Link[] {
  return [...tracesOfEvents].filter(([id]) => id > afterId && id <= upToId).map(([, link]) => link);
}
