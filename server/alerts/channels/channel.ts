import type { AlertLevel, Notice } from '../../../shared/alerts.ts';
import type { AlertRow } from '../alert-record.ts';
import type { ChannelRow } from '../outbox.ts';
import type { pushSubscriptions } from '../../db/schema/index.ts';
import { BlockedAddressError } from './guarded-request.ts';

/** What a channel is given to bring somewhere. `messageId` is the same through all attempts. */
export interface Outgoing {
  messageId: string;
  notice: Notice;
  level: AlertLevel;
  attempt: number;
  channel: ChannelRow;
  /** null for a trial. */
  alert: AlertRow | null;
  title: string;
  text: string;
  /** Where to look at it; null while the installation has no address of its own. */
  url: string | null;
  nowMs: number;
  /** For mail: the address of the person the channel is for. */
  email: string | null;
  /** For push: the browser. */
  subscription: typeof pushSubscriptions.$inferSelect | null;
}

/** Brings one message out; resolves when the other side took it. @throws DeliveryError */
export type Deliver = (outgoing: Outgoing) => Promise<void>;

/** It did not arrive. `isFinal`: trying again will not help; `isGone`: the receiver is no more. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  readonly isFinal: boolean;
  readonly isGone: boolean;
  readonly retryAfterS: number | null;

  constructor(
    message: string,
    { isFinal = false, isGone = false, retryAfterS = null }: Partial<Omit<DeliveryError, keyof Error>> = {},
  ) {
    super(message);
    this.isFinal = isFinal || isGone;
    this.isGone = isGone;
    this.retryAfterS = retryAfterS;
  }
}

/** Whether an answer of another server says it was taken, that it may be taken later, or that it never will be. */
export function judgeAnswer({ status, retryAfterS }: { status: number; retryAfterS: number | null }): void {
  if (status >= 200 && status < 300) return;
  const isLater = status === 408 || status === 425 || status === 429 || status >= 500;
  throw new DeliveryError(`HTTP ${status}`, {
    isFinal: !isLater,
    isGone: status === 404 || status === 410,
    retryAfterS,
  });
}

/** Why nobody answered, as a word that tells no secret: the code of the socket, never a URL. */
export function asDeliveryError(error: unknown): DeliveryError {
  if (error instanceof DeliveryError) return error;
  if (error instanceof BlockedAddressError)
    return new DeliveryError('address-not-allowed', { isFinal: true });
  const { name, code } = error as { name?: unknown; code?: unknown };
  if (name === 'TimeoutError' || name === 'AbortError') return new DeliveryError('no-answer');
  return new DeliveryError(typeof code === 'string' ? code : 'not-delivered');
}
