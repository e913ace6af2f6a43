import { Writable } from 'node:stream';
import pino, { type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import pretty from 'pino-pretty';
import { actorLabel, type Actor } from '../../shared/actor.ts';
import { isDomainError } from '../../shared/errors.ts';
import { scrubJsonLine, scrubSecrets } from '../../shared/scrub.ts';
import { traceIds } from './spans.ts';

export type { Logger } from 'pino';
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogOptions {
  level: LogLevel;
  /** Decides instead of `level`, line by line, where it may change while the process runs. */
  verbosity?: () => LogLevel;
  /** Coloured lines for people; JSON, one object a line, otherwise. */
  pretty?: boolean;
  /** Written into every line, to tell releases apart. */
  version?: string;
  /** Told of every error logged at `error` or above that is no domain answer, with what its line speaks of. */
  report?: (error: Error, subject: LogSubject) => void;
  /** Where lines go; standard output by default. */
  destination?: DestinationStream;
}

/**
 * The process's log: JSON lines with `time` in ISO 8601, `level` as a word. Secrets are hidden whatever the depth
 * of the object and wherever in the text they stand; errors keep their stack and their domain `reason`.
 */
export function createLog(options: LogOptions): Logger {
  const destination =
    options.destination ??
    (options.pretty
      ? pretty({ sync: true, colorize: process.stdout.isTTY, ignore: 'pid,hostname,service,version' })
      : pino.destination({ fd: 1, sync: true }));
  return pino(
    {
      level: options.verbosity ? 'trace' : options.level,
      base: { service: 'epagal', version: options.version, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => scrubSecrets(fields) as Record<string, unknown>,
      },
      serializers: { err: errorFields, error: errorFields, req: requestFields, res: responseFields },
      // The last net: a child's bindings and the message itself pass no formatter.
      hooks: { streamWrite: scrubJsonLine, logMethod: gate(options) },
      // One search finds the lines of a trace.
      mixin: traceIds,
    },
    destination,
  );
}

/** Passes on what is loud enough; an unforeseen error is reported first, however quiet the log. */
function gate({
  report,
  verbosity,
}: Pick<LogOptions, 'report' | 'verbosity'>): NonNullable<LoggerOptions['hooks']>['logMethod'] {
  return function (args, method, level) {
    const threshold = verbosity === undefined ? 0 : (pino.levels.values[verbosity()] ?? Infinity);
    if (level < threshold && (report === undefined || level < ERROR_LEVEL)) return;
    const fields: unknown = args[0];
    const { err, error = err } = (
      typeof fields === 'object' && fields !== null ? fields : {}
    ) as LogErrorFields;
    const found = fields instanceof Error ? fields : error;
    if (report && level >= ERROR_LEVEL && found instanceof Error && !isDomainError(found)) {
      const { requestId, truckId, deviceId, incidentId, routeId, proposalId, planVersion } = {
        ...(this.bindings() as LogSubject),
        ...(fields as LogSubject),
      };
      report(found, { requestId, truckId, deviceId, incidentId, routeId, proposalId, planVersion });
    }
    if (level >= threshold) method.apply(this, args);
  };
}

const ERROR_LEVEL = 50;
type LogErrorFields = { err?: unknown; error?: unknown };

/** What ties a line to the thing it speaks of; the same names everywhere, so that one search finds all. */
export interface LogSubject {
  requestId?: string;
  actor?: Actor;
  truckId?: number;
  deviceId?: number;
  incidentId?: number;
  routeId?: number;
  proposalId?: number;
  planVersion?: number;
}

/** A logger whose every line carries the subject. An actor is written by its label, never whole. */
export function logFor(log: Logger, { actor, ...ids }: LogSubject): Logger {
  return log.child(actor ? { ...ids, actor: actorLabel(actor) } : ids);
}

/** A log that says nothing, for tests and for tools whose output is their result. */
export function silentLog(): Logger {
  return pino({ level: 'silent' }, new Writable({ write: (_chunk, _encoding, done) => done() }));
}

function errorFields(error: unknown): unknown {
  if (!(error instanceof Error)) return scrubSecrets(error);
  const { reason, detail, code } = error as Error & { reason?: unknown; detail?: unknown; code?: unknown };
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...(reason === undefined ? {} : { reason }),
    ...(code === undefined ? {} : { code }),
    ...(detail === undefined ? {} : { detail: scrubSecrets(detail) }),
    ...(error.cause === undefined ? {} : { cause: errorFields(error.cause) }),
  };
}

/** Method, path and address only: headers and bodies hold credentials and personal data. */
function requestFields(request: unknown): unknown {
  const { method, url, ip } = request as { method?: string; url?: string; ip?: string };
  return { method, url, ip };
}

function responseFields(reply: unknown): unknown {
  return { statusCode: (reply as { statusCode?: number }).statusCode };
}
