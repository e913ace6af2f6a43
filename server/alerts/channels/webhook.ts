import { createHmac } from 'node:crypto';
import { subjectOf } from '../alert-record.ts';
import { DeliveryError, judgeAnswer, type Deliver, type Outgoing } from './channel.ts';
import { guardedPost } from './guarded-request.ts';

const TIMEOUT_MS = 10_000;

export interface WebhookOptions {
  allowPrivate: boolean;
  timeoutMs?: number;
}

/**
 * Signature of a webhook: HMAC-SHA256 over the timestamp (seconds since the epoch), a dot and the body, in hex. The
 * receiver computes the same, compares in constant time, and refuses an old timestamp.
 */
export function signWebhook(secret: string, timestampS: number, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(`${timestampS}.${body}`).digest('hex')}`;
}

/** To another program: JSON, signed. */
export function webhookChannel({ allowPrivate, timeoutMs = TIMEOUT_MS }: WebhookOptions): Deliver {
  return async (outgoing) => {
    const { url, secret } = outgoing.channel.target;
    if (url === undefined || secret === undefined) throw new DeliveryError('no-address', { isFinal: true });
    const body = JSON.stringify(payloadOf(outgoing));
    const timestampS = Math.floor(outgoing.nowMs / 1_000);
    judgeAnswer(
      await guardedPost({
        url,
        body,
        timeoutMs,
        allowPrivate,
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'user-agent': 'epagal-alerts',
          'idempotency-key': outgoing.messageId,
          'x-epagal-delivery': outgoing.messageId,
          'x-epagal-attempt': String(outgoing.attempt),
          'x-epagal-timestamp': String(timestampS),
          'x-epagal-signature': signWebhook(secret, timestampS, body),
        },
      }),
    );
  };
}

/** To a Telegram bot, in that service's own form; it cannot be signed, its secret is in the address. */
export function telegramChannel({ allowPrivate, timeoutMs = TIMEOUT_MS }: WebhookOptions): Deliver {
  return async ({ channel, title, text, url }) => {
    const { url: bot, chatId } = channel.target;
    if (bot === undefined || chatId === undefined) throw new DeliveryError('no-address', { isFinal: true });
    judgeAnswer(
      await guardedPost({
        url: bot,
        body: JSON.stringify({
          chat_id: chatId,
          text: [title, text, url].filter(Boolean).join('\n'),
          disable_web_page_preview: true,
        }),
        timeoutMs,
        allowPrivate,
        headers: { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'epagal-alerts' },
      }),
    );
  };
}

function payloadOf({ messageId, notice, alert, title, text, url, nowMs }: Outgoing) {
  return {
    id: messageId,
    notice,
    sentAt: new Date(nowMs).toISOString(),
    title,
    text,
    url,
    alert:
      alert === null
        ? null
        : {
            id: alert.id,
            kind: alert.kind,
            level: alert.level,
            state: alert.state,
            subject: subjectOf(alert),
            zone: alert.zone,
            details: alert.details,
            raisedAt: alert.raisedAt.toISOString(),
            clearedAt: alert.clearedAt?.toISOString() ?? null,
            repeats: alert.repeats,
          },
  };
}
