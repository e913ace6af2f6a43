import type { Waiting } from './patience.ts';

/** An HTTP call failed for good. `ambiguous`: the other side may have done what was asked. */
export class CallFailed extends Error {
  override readonly name = 'CallFailed';
  readonly status: number | null;
  readonly ambiguous: boolean;

  constructor(message: string, { status = null, ambiguous }: { status?: number | null; ambiguous: boolean }) {
    super(message);
    this.status = status;
    this.ambiguous = ambiguous;
  }
}

export interface Call {
  method: 'GET' | 'POST';
  url: string;
  headers?: Record<string, string>;
  body?: unknown;
  /**
   * After a failure: `always` what may be asked twice, `when-refused` what must not (429 and 503 did nothing), `never`
   * what is asked again by whoever asks.
   */
  again: 'always' | 'when-refused' | 'never';
}

export interface Answer {
  status: number;
  /** Parsed JSON; null for an empty or other body. */
  json: unknown;
}

export type Caller = (call: Call) => Promise<Answer>;

const TRIES = 6;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** Of a body more is not read: what we ask for is small. */
const LARGEST_BODY_BYTES = 1_000_000;

/**
 * Makes calls that wait out a busy or stumbling server: 429 and 5xx, refused and cut connections, silence. `Retry-After`
 * is honoured up to half a minute.
 * @param timeoutMs of each single try
 */
export function createCaller(waiting: Waiting, timeoutMs: number): Caller {
  return async (call) => {
    for (let n = 1; ; n++) {
      const outcome = await tryOnce(call, timeoutMs);
      if (outcome.answer && (call.again === 'never' || !isTransient(outcome.answer.status)))
        return outcome.answer;
      const status = outcome.answer?.status ?? null;
      const didNothing = status === 429 || status === 503;
      const mayAsk = call.again === 'always' || (call.again === 'when-refused' && didNothing);
      if (n === TRIES || !mayAsk) {
        const { host, pathname } = new URL(call.url);
        const why = outcome.failure ?? `answered ${status}`;
        throw new CallFailed(`${call.method} ${host}${pathname}: ${why}${n > 1 ? ` (${n} tries)` : ''}`, {
          status,
          ambiguous: !didNothing,
        });
      }
      const pauseMs = outcome.retryAfterMs ?? FIRST_PAUSE_MS * 2 ** (n - 1);
      await waiting.sleep(Math.min(pauseMs, LONGEST_PAUSE_MS));
    }
  };
}

const isTransient = (status: number) => status === 429 || status >= 500;

interface Outcome {
  answer?: Answer;
  failure?: string;
  retryAfterMs?: number;
}

async function tryOnce({ method, url, headers, body }: Call, timeoutMs: number): Promise<Outcome> {
  try {
    const response = await fetch(url, {
      method,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // A token must not follow to another host.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const seconds = Number(response.headers.get('retry-after') ?? NaN);
    return {
      answer: { status: response.status, json: await readJson(response) },
      ...(Number.isFinite(seconds) && seconds >= 0 ? { retryAfterMs: seconds * 1000 } : {}),
    };
  } catch (error) {
    const { name, message, cause } = error as Error;
    const failure =
      name === 'TimeoutError'
        ? `no answer in ${timeoutMs / 1000} s`
        : cause instanceof Error
          ? cause.message || (cause as NodeJS.ErrnoException).code || message
          : message;
    return { failure };
  }
}

async function readJson(response: Response): Promise<unknown> {
  const text = (await response.text()).slice(0, LARGEST_BODY_BYTES);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
