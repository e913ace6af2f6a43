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

/** A sentence for a reason, in the page's language; unknown words get the general one. */
export function sentenceOf(reason: string, t: (key: string) => string, te: (key: string) => boolean): string {
  const key = `app.reason.${reason}`;
  return te(key) ? t(key) : t('app.reason.internal');
}
