import type { App } from 'vue';
import { clientConfig } from './client-config.ts';
import type { Report } from './error-client.ts';

/** More than these from one page say nothing new. */
const MOST_REPORTS = 10;

/**
 * Errors that nobody foresaw on this page go to where the server's go (SENTRY_DSN), with release, page and nothing
 * personal. The reporter is loaded with the first error: a page without errors carries none of it.
 */
export function reportErrors(app: App): void {
  let count = 0;
  const note = (error: unknown, where: string): void => {
    count += 1;
    if (count > MOST_REPORTS) return;
    reporter()
      .then((report) => report?.(error, where))
      // A report that cannot be sent must not become another error.
      .catch(() => undefined);
  };
  window.addEventListener('error', (event) => note(event.error ?? event.message, 'page'));
  window.addEventListener('unhandledrejection', (event) => note(event.reason, 'promise'));
  // To the window's listener above, and to whoever opens the browser's console.
  app.config.errorHandler = (error) => window.reportError(error);
}

let loading: Promise<Report | null> | null = null;

function reporter(): Promise<Report | null> {
  loading ??= startReporter();
  return loading;
}

async function startReporter(): Promise<Report | null> {
  const { sentryDsn, sentryEnvironment, sentrySampleRate, release } = await clientConfig();
  if (sentryDsn === null) return null;
  const { createReport } = await import('./error-client.ts');
  return createReport({
    dsn: sentryDsn,
    release: `epagal@${release ?? 'unknown'}`,
    environment: sentryEnvironment ?? undefined,
    sampleRate: sentrySampleRate,
  });
}
