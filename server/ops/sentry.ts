import * as Sentry from '@sentry/node';
import type { Event as SentryEvent } from '@sentry/node';
import type { LogSubject } from './log.ts';
import { scrubPersonal, scrubPersonalText } from '../../shared/scrub.ts';

export interface ErrorReportingOptions {
  /** Without it nothing is sent and nothing is loaded into the process. */
  dsn?: string;
  environment?: string;
  release: string;
  /** Share of the errors that are sent, 0 to 1. */
  sampleRate?: number;
}

export interface ErrorReporting {
  readonly enabled: boolean;
  /** Reports an error nobody expected; expected ones (domain errors) are answers, not reports. */
  capture(error: unknown, subject?: LogSubject & { procedure?: string }): void;
  /** Sends what is queued, at most `timeoutMs`, and stops. */
  close(timeoutMs?: number): Promise<void>;
}

const OFF: ErrorReporting = { enabled: false, capture: () => undefined, close: () => Promise.resolve() };

/**
 * Error reports to Sentry, or to whatever speaks its protocol at the DSN. Only errors are sent: no traces, no
 * sessions, no request bodies, headers, query strings or addresses; who acted is a number and a role.
 */
export function startErrorReporting(options: ErrorReportingOptions): ErrorReporting {
  if (!options.dsn) return OFF;
  Sentry.init({
    dsn: options.dsn,
    environment: options.environment ?? 'production',
    release: options.release,
    sampleRate: options.sampleRate ?? 1,
    // The process's own handlers decide what ends it; no module is patched.
    defaultIntegrations: false,
    enableRuntimeChannelInjection: false,
    integrations: [
      Sentry.eventFiltersIntegration(),
      Sentry.linkedErrorsIntegration(),
      Sentry.dedupeIntegration(),
      Sentry.contextLinesIntegration(),
      Sentry.nodeContextIntegration(),
    ],
    sendClientReports: false,
    maxBreadcrumbs: 0,
    beforeSend: (event) => withoutPersonalData(event),
  });
  return {
    enabled: true,
    capture(error, subject = {}) {
      const { actor, procedure, ...ids } = subject;
      Sentry.withScope((scope) => {
        if (actor) scope.setTag('actor', actor.kind === 'user' ? actor.role : actor.kind);
        if (actor?.kind === 'user') scope.setUser({ id: String(actor.id) });
        if (procedure) scope.setTag('procedure', procedure);
        scope.setContext('subject', ids);
        Sentry.captureException(error);
      });
    },
    async close(timeoutMs = 2_000) {
      await Sentry.close(timeoutMs);
    },
  };
}

/** What remains says which code failed on which ids; whom it concerned is ours alone. */
export function withoutPersonalData<E extends SentryEvent>(event: E): E {
  const { request, user, exception, extra, contexts, message } = event;
  return {
    ...event,
    server_name: undefined,
    breadcrumbs: undefined,
    request: request && {
      method: request.method,
      url: request.url && scrubPersonalText(request.url.split('?', 1)[0] ?? ''),
    },
    user: user?.id === undefined ? undefined : { id: user.id },
    message: message && scrubPersonalText(message),
    exception: exception && {
      values: exception.values?.map((one) => ({ ...one, value: one.value && scrubPersonalText(one.value) })),
    },
    extra: scrubPersonal(extra) as E['extra'],
    contexts: contexts && {
      ...contexts,
      subject: scrubPersonal(contexts.subject) as Record<string, unknown>,
    },
  };
}
