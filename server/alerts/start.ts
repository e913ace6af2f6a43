import type { ChannelKind } from '../../shared/alerts.ts';
import type { Store } from '../events/store.ts';
import { mailChannel } from './channels/mail.ts';
import { pushChannel } from './channels/push.ts';
import { telegramChannel, webhookChannel } from './channels/webhook.ts';
import { startAlertSender, type DeliveryResult } from './sender.ts';
import { vapidKeysOf } from './vapid-keys.ts';
import { startAlertWatch, type AlertWatchDeps } from './watch.ts';

export interface AlertingDeps extends Omit<AlertWatchDeps, 'log'> {
  mail: { smtpUrl: string; from: string } | null;
  allowPrivate: boolean;
  publicUrl: string | null;
  log: AlertWatchDeps['log'] & { warn(about: object, message: string): void };
  onDelivery?(kind: ChannelKind, result: DeliveryResult): void;
}

export interface Alerting {
  stop(): Promise<void>;
}

/** Whom a push service may write to when our pushes trouble it. */
export function pushContact(publicUrl: string | null, from: string | null): string {
  if (publicUrl?.startsWith('https://')) return publicUrl;
  const address = /[^@\s<]+@[^@\s>]+/.exec(from ?? '')?.[0];
  return `mailto:${address ?? 'operations@epagal.invalid'}`;
}

/** The watch over the room and the sender of what it raises, with every way out wired. */
export function startAlerting(deps: AlertingDeps): Alerting {
  const { store, allowPrivate } = deps;
  const watch = startAlertWatch(deps);
  const sender = startAlertSender({
    store,
    publicUrl: deps.publicUrl,
    random: Math.random,
    log: deps.log,
    ...(deps.onDelivery === undefined ? {} : { onResult: deps.onDelivery }),
    channels: {
      mail: mailChannel({ smtpUrl: deps.mail?.smtpUrl ?? null, from: deps.mail?.from ?? null }),
      webhook: webhookChannel({ allowPrivate }),
      telegram: telegramChannel({ allowPrivate }),
      push: pushChannel({
        keys: vapidKeysOf(store),
        contact: pushContact(deps.publicUrl, deps.mail?.from ?? null),
        // Whoever signs in names the address: private ones are for what an admin set up.
        allowPrivate: false,
      }),
    },
  });
  return {
    async stop() {
      await Promise.all([watch.stop(), sender.stop()]);
    },
  };
}

/** The public half of the key a browser subscribes with. */
export function pushKeyOf(store: Store): () => Promise<string> {
  const keys = vapidKeysOf(store);
  return async () => (await keys()).publicKey;
}
