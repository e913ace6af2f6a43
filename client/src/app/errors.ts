/** From whatever a call threw to a stable word, and from the word to a sentence. */
import { TRPCClientError } from '@trpc/client';

/** `data.reason` of the server; `offline` when the server was not reached at all. */
export function reasonOf(error: unknown): string {
  if (error instanceof TRPCClientError) {
    const data = error.data as { reason?: unknown } | null | undefined;
    if (typeof data?.reason === 'string') return data.reason;
    return error.meta?.response === undefined ? 'offline' : 'internal';
  }
  return 'internal';
}

/** What the server adds to a refusal: ids, versions, who and when. */
export function detailOf(error: unknown): Readonly<Record<string, unknown>> {
  const data =
    error instanceof TRPCClientError ? (error.data as { detail?: unknown } | null | undefined) : null;
  return typeof data?.detail === 'object' && data.detail !== null
    ? (data.detail as Record<string, unknown>)
    : {};
}

/** A sentence for a reason, in the page's language; unknown words get the general one. */
export function sentenceOf(reason: string, t: (key: string) => string, te: (key: string) => boolean): string {
  const key = `app.reason.${reason}`;
  return te(key) ? t(key) : t('app.reason.internal');
}
