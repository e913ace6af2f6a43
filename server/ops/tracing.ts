import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TracerProvider,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import { W3CTraceContextPropagator } from '@opentelemetry/core';

export interface TracingOptions {
  /** Where an OpenTelemetry collector listens (OTLP over HTTP), without `/v1/traces`; null: nothing is traced. */
  endpoint: string | null;
  /** Sent along with every export, such as the collector's credentials. */
  headers: Record<string, string>;
  /** Share of the traces that are kept, 0 to 1. */
  ratio: number;
  environment: string;
  release: string;
}

export interface Tracing {
  readonly enabled: boolean;
  /** Sends what is queued and stops, within two seconds. */
  close(): Promise<void>;
}

const OFF: Tracing = { enabled: false, close: () => Promise.resolve() };
const EXPORT_MS = 2_000;

/** Traces from fix to screen and from incident to proposal, to any OpenTelemetry collector. Once a process. */
export function startTracing(options: TracingOptions): Tracing {
  if (options.endpoint === null) return OFF;
  const exporter = new OTLPTraceExporter({
    url: `${options.endpoint.replace(/\/$/, '')}/v1/traces`,
    headers: options.headers,
    timeoutMillis: EXPORT_MS,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'epagal',
      'service.version': options.release,
      'deployment.environment.name': options.environment,
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.ratio) }),
    // A collector that is away costs the newest spans, never memory.
    spanProcessors: [new BatchSpanProcessor({ exporter, maxQueueSize: 4_096, scheduledDelayMillis: 1_000 })],
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  return {
    enabled: true,
    async close() {
      await provider.forceFlush({ timeoutMillis: EXPORT_MS }).catch(() => undefined);
      await provider.shutdown().catch(() => undefined);
      trace.disable();
      context.disable();
      propagation.disable();
    },
  };
}
