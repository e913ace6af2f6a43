import { TRPCError, type TRPC_ERROR_CODE_KEY } from '@trpc/server';
import { z } from 'zod';
import { DomainError, type ErrorKind } from '../../shared/errors.ts';

const CODE_BY_KIND: Readonly<Record<ErrorKind, TRPC_ERROR_CODE_KEY>> = {
  'bad-request': 'BAD_REQUEST',
  unauthorized: 'UNAUTHORIZED',
  forbidden: 'FORBIDDEN',
  'not-found': 'NOT_FOUND',
  conflict: 'CONFLICT',
  'too-many': 'TOO_MANY_REQUESTS',
  unavailable: 'SERVICE_UNAVAILABLE',
  internal: 'INTERNAL_SERVER_ERROR',
};

const HTTP_BY_KIND: Readonly<Record<ErrorKind, number>> = {
  'bad-request': 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'too-many': 429,
  unavailable: 503,
  internal: 500,
};

/** Reasons of errors that tRPC itself raises, before any verb ran. */
const REASON_BY_CODE: Partial<Record<TRPC_ERROR_CODE_KEY, string>> = {
  PARSE_ERROR: 'invalid-input',
  BAD_REQUEST: 'invalid-input',
  NOT_FOUND: 'not-found',
  METHOD_NOT_SUPPORTED: 'method-not-supported',
  PAYLOAD_TOO_LARGE: 'too-large',
  UNSUPPORTED_MEDIA_TYPE: 'unsupported-media-type',
  UNAUTHORIZED: 'not-signed-in',
  FORBIDDEN: 'wrong-role',
  TOO_MANY_REQUESTS: 'too-many-requests',
  SERVICE_UNAVAILABLE: 'unavailable',
};

const CONNECTION_LOST =
  /^(ECONNREFUSED|ECONNRESET|EPIPE|ENOENT|ETIMEDOUT|CONNECTION_CLOSED|CONNECTION_ENDED|CONNECTION_DESTROYED|CONNECT_TIMEOUT|08\w{3}|57P0\d|53300)$/;

/** Text the database cannot hold: a NUL, half a surrogate pair. */
const UNSTORABLE_TEXT = new Set(['22021', '22P05']);

/** What went wrong, as the domain names it: looks through the wrappings of drivers. */
export function domainErrorOf(error: unknown): DomainError | null {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 6; cause = cause.cause, depth++) {
    if (cause instanceof DomainError) return cause;
    if (cause instanceof z.ZodError)
      return new DomainError('invalid-input', describeZod(cause), fieldsOf(cause));
    const code = (cause as { code?: unknown }).code;
    if (typeof code === 'string' && CONNECTION_LOST.test(code)) {
      return new DomainError('database-unavailable', 'The database does not answer.');
    }
    if (typeof code === 'string' && UNSTORABLE_TEXT.has(code)) {
      return new DomainError('invalid-input', 'A text holds characters that cannot be kept.');
    }
  }
  return null;
}

/** The same error as tRPC carries it; an error nobody foresaw passes through and is shown as `internal`. */
export function asTrpcError(error: TRPCError): TRPCError {
  const domain = domainErrorOf(error.cause);
  if (!domain || error.code === CODE_BY_KIND[domain.kind]) return error;
  return new TRPCError({ code: CODE_BY_KIND[domain.kind], message: domain.message, cause: domain });
}

export function httpStatusOf(error: DomainError): number {
  return HTTP_BY_KIND[error.kind];
}

export interface ErrorData {
  code: TRPC_ERROR_CODE_KEY;
  httpStatus: number;
  path?: string;
  /** Stable word a client switches on. */
  reason: string;
  /** Ids, versions, names of fields: safe to show. */
  detail: Readonly<Record<string, unknown>>;
  requestId: string | null;
}

/** What a client is told: never a stack, never SQL. */
export function errorData(
  error: TRPCError,
  shape: { code: TRPC_ERROR_CODE_KEY; httpStatus: number; path?: string },
  requestId: string | null,
): { message: string; data: ErrorData } {
  const domain = domainErrorOf(error.cause);
  if (domain) {
    return {
      message: domain.message,
      data: {
        code: CODE_BY_KIND[domain.kind],
        httpStatus: HTTP_BY_KIND[domain.kind],
        path: shape.path,
        reason: domain.reason,
        detail: domain.detail,
        requestId,
      },
    };
  }
  const reason = REASON_BY_CODE[error.code] ?? 'internal';
  return {
    message: reason === 'internal' ? 'Something went wrong on our side.' : error.message,
    data: { code: error.code, httpStatus: shape.httpStatus, path: shape.path, reason, detail: {}, requestId },
  };
}

function fieldsOf(error: z.ZodError): { fields: string[] } {
  return { fields: [...new Set(error.issues.map((issue) => issue.path.join('.') || '(input)'))] };
}

function describeZod(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`)
    .join('; ');
}
