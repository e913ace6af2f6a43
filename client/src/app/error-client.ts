import {
  BrowserClient,
  dedupeIntegration,
  defaultStackParser,
  eventFiltersIntegration,
  linkedErrorsIntegration,
  makeFetchTransport,
  Scope,
  type ErrorEvent,
} from '@sentry/browser';
import { scrubPersonal, scrubPersonalText } from '../../../shared/scrub.ts';

export type Report = (error: unknown, where: string) => void;

/** A sender of error reports; a module of its own, so that it is loaded only where one is needed. */
export function createReport(options: {
  dsn: string;
  release: string;
  environment: string | undefined;
  /** Share of the errors that are sent, 0 to 1. */
  sampleRate: number;
}): Report {
  const client = new BrowserClient({
    ...options,
    transport: makeFetchTransport,
    stackParser: defaultStackParser,
    integrations: [dedupeIntegration(), eventFiltersIntegration(), linkedErrorsIntegration()],
    sendClientReports: false,
    beforeSend: withoutPersonalData,
  });
  const scope = new Scope();
  scope.setClient(client);
  client.init();
  return (error, where) => {
    scope.setTags({ page: location.pathname.split('/')[1] || 'citizen', where });
    scope.captureException(error instanceof Error ? error : new Error(String(error)));
  };
}

/** Code places and messages without names, numbers and addresses; no address of the page beyond its file. */
function withoutPersonalData(event: ErrorEvent): ErrorEvent {
  const { exception, message, extra } = event;
  return {
    ...event,
    user: undefined,
    request: undefined,
    breadcrumbs: undefined,
    message: message && scrubPersonalText(message),
    exception: exception && {
      values: exception.values?.map((one) => ({ ...one, value: one.value && scrubPersonalText(one.value) })),
    },
    extra: scrubPersonal(extra) as ErrorEvent['extra'],
  };
}
