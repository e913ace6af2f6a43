import { asc, desc, eq } from 'drizzle-orm';
import { actorLabel } from '../../shared/actor.ts';
import type { AlertView, DeliveryView } from '../../shared/alerts.ts';
import { DomainError } from '../../shared/errors.ts';
import { alertChannels, alertDeliveries, alerts } from '../db/schema/index.ts';
import { eventsOf } from '../events/read.ts';
import type { Store } from '../events/store.ts';
import { toAlertView } from './alert-record.ts';

/** One step of an alert's story. */
export interface AlertStep {
  at: string;
  actor: string;
  type: string;
  data: Record<string, unknown>;
}

/**
 * One alert with what was sent of it (and what was not, and why) and its story, oldest first.
 * @throws DomainError `not-found`
 */
export async function getAlert(
  store: Store,
  id: number,
): Promise<AlertView & { sendings: DeliveryView[]; story: AlertStep[] }> {
  const { db } = store.database;
  const [row] = await db.select().from(alerts).where(eq(alerts.id, id));
  if (!row) throw new DomainError('not-found', 'No such alert.', { id });
  const story = await eventsOf(store.database, 'alert', id);
  return {
    ...(await toAlertView(db, row)),
    sendings: await deliveriesOf(store, id),
    story: story.map((event) => ({
      at: event.at,
      actor: actorLabel(event.actor),
      type: event.type,
      data: event.data,
    })),
  };
}

async function deliveriesOf(store: Store, alertId: number): Promise<DeliveryView[]> {
  const rows = await store.database.db
    .select({ delivery: alertDeliveries, channel: alertChannels })
    .from(alertDeliveries)
    .innerJoin(alertChannels, eq(alertChannels.id, alertDeliveries.channelId))
    .where(eq(alertDeliveries.alertId, alertId))
    .orderBy(asc(alertDeliveries.id));
  return rows.map(({ delivery, channel }) => toDeliveryView(delivery, channel));
}

/** The newest deliveries of a channel, trials too. */
export async function deliveriesOfChannel(
  store: Store,
  channelId: number,
  limit = 20,
): Promise<DeliveryView[]> {
  const rows = await store.database.db
    .select({ delivery: alertDeliveries, channel: alertChannels })
    .from(alertDeliveries)
    .innerJoin(alertChannels, eq(alertChannels.id, alertDeliveries.channelId))
    .where(eq(alertDeliveries.channelId, channelId))
    .orderBy(desc(alertDeliveries.id))
    .limit(limit);
  return rows.map(({ delivery, channel }) => toDeliveryView(delivery, channel));
}

function toDeliveryView(
  delivery: typeof alertDeliveries.$inferSelect,
  channel: typeof alertChannels.$inferSelect,
): DeliveryView {
  return {
    id: delivery.id,
    channelId: channel.id,
    channel: channel.name,
    kind: channel.kind,
    notice: delivery.notice,
    state: delivery.state,
    attempts: delivery.attempts,
    createdAt: delivery.createdAt.toISOString(),
    sentAt: delivery.sentAt?.toISOString() ?? null,
    nextAttemptAt: delivery.state === 'pending' ? delivery.nextAttemptAt.toISOString() : null,
    lastError: delivery.lastError,
  };
}
