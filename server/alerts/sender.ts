import { eq, sql } from 'drizzle-orm';
import type { ChannelKind } from '../../shared/alerts.ts';
import { alertChannels, alertDeliveries, alerts, pushSubscriptions, users } from '../db/schema/index.ts';
import type { Store } from '../events/store.ts';
import { MAX_ATTEMPTS, retryDelayS } from './backoff.ts';
import { asDeliveryError, type Deliver, type Outgoing } from './channels/channel.ts';
import { wordsOf } from './channels/words.ts';
import { mayBeTold } from './outbox.ts';
import { clearSystemAlert, raiseSystemAlert } from './system.ts';

/** A claimed delivery nobody finished (the process died) is due again after this. */
const CLAIM_S = 60;
/** Waited for what is on its way when the server stops. */
const GOODBYE_MS = 3_000;
/** Messages of one channel on the way at the same time. */
const AT_ONCE = 5;

export type DeliveryResult = 'sent' | 'retried' | 'failed';

export interface SenderDeps {
  store: Store;
  channels: Readonly<Record<ChannelKind, Deliver>>;
  /** Where people open the room; null while that is unknown. */
  publicUrl: string | null;
  random(): number;
  log: { warn(about: object, message: string): void; error(about: object, message: string): void };
  onResult?(kind: ChannelKind, result: DeliveryResult): void;
}

export interface AlertSender {
  /** Starts what is due; each channel goes its own way, so that a dead one delays no other. */
  pump(): Promise<void>;
  /** Resolves when nothing started is on its way any more. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

type Claimed = typeof alertDeliveries.$inferSelect;

/**
 * Empties the outbox, at least once: a delivery is claimed for a minute, brought out, and marked. If the process dies
 * between, it is sent again under the same message id. Any number of instances may run; each row has one sender.
 */
export function startAlertSender(deps: SenderDeps, tickMs: number | null = 2_000): AlertSender {
  const { store, log } = deps;
  const { db } = store.database;
  const busy = new Map<number, Promise<void>>();
  let stopped = false;

  async function pump(): Promise<void> {
    if (stopped) return;
    try {
      const due = await db.execute<{ channelId: number }>(sql`
        select distinct channel_id as "channelId" from alert_deliveries
         where state = 'pending' and next_attempt_at <= ${nowIso()}::timestamptz`);
      for (const row of due) {
        const channelId = Number(row.channelId);
        if (busy.has(channelId)) continue;
        const work = emptyChannel(channelId)
          .catch((error: unknown) => {
            if (!stopped)
              log.error({ err: error, channelId }, 'deliveries could not be worked on; tried again');
          })
          .finally(() => busy.delete(channelId));
        busy.set(channelId, work);
      }
    } catch (error) {
      log.error({ err: error }, 'the outbox of alerts could not be read; tried again');
    }
  }

  async function emptyChannel(channelId: number): Promise<void> {
    for (;;) {
      const claimed = stopped ? [] : await claim(channelId);
      if (claimed.length === 0) return;
      await Promise.all(claimed.map((delivery) => bringOut(delivery)));
    }
  }

  /** Takes some for this instance; the most pressing first, then the oldest. */
  async function claim(channelId: number): Promise<Claimed[]> {
    const rows = await db.execute<{ id: number }>(sql`
      update alert_deliveries set attempts = attempts + 1,
             next_attempt_at = ${nowIso()}::timestamptz + make_interval(secs => ${CLAIM_S})
       where id in (
         select id from alert_deliveries
          where state = 'pending' and channel_id = ${channelId} and next_attempt_at <= ${nowIso()}::timestamptz
          order by case level when 'urgent' then 0 when 'high' then 1 else 2 end, id
          limit ${AT_ONCE} for update skip locked)
      returning id`);
    const claimed: Claimed[] = [];
    for (const { id } of rows) {
      const [delivery] = await db
        .select()
        .from(alertDeliveries)
        .where(eq(alertDeliveries.id, Number(id)));
      if (delivery) claimed.push(delivery);
    }
    return claimed;
  }

  async function bringOut(delivery: Claimed): Promise<void> {
    const outgoing = await compose(delivery);
    if (outgoing === null) return void (await settle(delivery, { state: 'failed', lastError: 'removed' }));
    const { kind } = outgoing.channel;
    try {
      await deps.channels[kind](outgoing);
    } catch (caught) {
      const error = asDeliveryError(caught);
      const isOver = error.isFinal || delivery.attempts >= MAX_ATTEMPTS;
      deps.onResult?.(kind, isOver ? 'failed' : 'retried');
      if (!isOver) {
        const delayS = retryDelayS(delivery.attempts, deps.random(), error.retryAfterS);
        return settle(delivery, {
          lastError: error.message,
          nextAttemptAt: new Date(store.clock() + delayS * 1_000),
        });
      }
      log.warn(
        { channelId: delivery.channelId, deliveryId: delivery.id, why: error.message },
        'an alert was not delivered',
      );
      await settle(delivery, { state: 'failed', lastError: error.message });
      // Also one that another delivery found gone a moment ago: a browser that left is no failing channel.
      if (delivery.subscriptionId !== null && error.isGone) {
        await db.delete(pushSubscriptions).where(eq(pushSubscriptions.id, delivery.subscriptionId));
      } else if (delivery.notice !== 'test') {
        await raiseSystemAlert(
          store,
          'delivery-failing',
          { channel: outgoing.channel.name, channelId: delivery.channelId, message: error.message },
          { part: partOf(delivery) },
        );
      }
      return;
    }
    deps.onResult?.(kind, 'sent');
    await settle(delivery, { state: 'sent', sentAt: new Date(store.clock()), lastError: null });
    await clearSystemAlert(store, 'delivery-failing', partOf(delivery));
  }

  async function compose(delivery: Claimed): Promise<Outgoing | null> {
    const [found] = await db
      .select({ channel: alertChannels, email: users.email, userActive: users.active, userRole: users.role })
      .from(alertChannels)
      .leftJoin(users, eq(users.id, alertChannels.userId))
      .where(eq(alertChannels.id, delivery.channelId));
    if (!found || found.channel.removedAt !== null || !mayBeTold(found)) return null;
    const [alert] =
      delivery.alertId === null ? [] : await db.select().from(alerts).where(eq(alerts.id, delivery.alertId));
    const [subscription] =
      delivery.subscriptionId === null
        ? []
        : await db.select().from(pushSubscriptions).where(eq(pushSubscriptions.id, delivery.subscriptionId));
    const told =
      alert === undefined
        ? null
        : {
            kind: alert.kind,
            level: alert.level,
            details: alert.details,
            raisedAtMs: alert.raisedAt.getTime(),
          };
    return {
      messageId: delivery.messageId,
      notice: delivery.notice,
      level: delivery.level,
      attempt: delivery.attempts,
      channel: found.channel,
      alert: alert ?? null,
      ...wordsOf(told, delivery.notice, found.channel.language),
      url: deps.publicUrl === null ? null : `${deps.publicUrl}/control${alert ? `?alert=${alert.id}` : ''}`,
      nowMs: store.clock(),
      email: found.email,
      subscription: subscription ?? null,
    };
  }

  async function settle(delivery: Claimed, set: Partial<typeof alertDeliveries.$inferInsert>): Promise<void> {
    await db.update(alertDeliveries).set(set).where(eq(alertDeliveries.id, delivery.id));
  }

  const nowIso = () => new Date(store.clock()).toISOString();
  const unsubscribe = store.bus.onWake(() => void pump());
  const timer = tickMs === null ? null : setInterval(() => void pump(), tickMs);
  timer?.unref();
  return {
    pump,
    async settled() {
      while (busy.size > 0) await Promise.all(busy.values());
    },
    async stop() {
      stopped = true;
      unsubscribe();
      if (timer !== null) clearInterval(timer);
      // Whoever does not answer must not hold up the stop: its claim lapses and it is sent again.
      let patience: NodeJS.Timeout | undefined;
      const enough = new Promise<void>((resolve) => (patience = setTimeout(resolve, GOODBYE_MS)));
      await Promise.race([Promise.all(busy.values()), enough]);
      clearTimeout(patience);
    },
  };
}

const partOf = (delivery: Claimed) => `channel-${delivery.channelId}`;
