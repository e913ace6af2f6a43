import webpush from 'web-push';
import { DeliveryError, judgeAnswer, type Deliver } from './channel.ts';
import { guardedPost } from './guarded-request.ts';

const TIMEOUT_MS = 10_000;
/** A push that finds the browser asleep may wait so long, in seconds: later it is history. */
const TTL_S = 4 * 3_600;

export interface VapidKeys {
  publicKey: string;
  privateKey: string;
}

/** A notice to one browser (RFC 8030, encrypted by RFC 8291, signed by RFC 8292), shown by the service worker. */
export function pushChannel({
  keys,
  contact,
  allowPrivate,
}: {
  keys(): Promise<VapidKeys>;
  /** Whom the push service may write to: `mailto:` or `https:`. */
  contact: string;
  allowPrivate: boolean;
}): Deliver {
  return async ({ subscription, messageId, alert, title, text, level, notice, url }) => {
    if (subscription === null) throw new DeliveryError('signed-off', { isGone: true });
    const { publicKey, privateKey } = await keys();
    const { endpoint, headers, body } = webpush.generateRequestDetails(
      {
        endpoint: subscription.endpoint,
        keys: { p256dh: subscription.p256dh, auth: subscription.auth },
      },
      JSON.stringify({ id: messageId, alertId: alert?.id ?? null, notice, level, title, text, url }),
      {
        vapidDetails: { subject: contact, publicKey, privateKey },
        TTL: TTL_S,
        urgency: level === 'medium' ? 'normal' : 'high',
        contentEncoding: 'aes128gcm',
      },
    );
    judgeAnswer(
      await guardedPost({
        url: endpoint,
        body,
        timeoutMs: TIMEOUT_MS,
        allowPrivate,
        headers: Object.fromEntries(
          Object.entries(headers)
            .filter(([name]) => name.toLowerCase() !== 'content-length')
            .map(([name, value]) => [name, String(value)]),
        ),
      }),
    );
  };
}

export function newVapidKeys(): VapidKeys {
  return webpush.generateVAPIDKeys();
}
