import { eq } from 'drizzle-orm';
import { serverKeys } from '../db/schema/index.ts';
import type { Store } from '../events/store.ts';
import { newVapidKeys, type VapidKeys } from './channels/push.ts';

const NAME = 'vapid';

/**
 * The installation's own pair for web push: made once, kept in the database (and its backups), the same for all
 * instances. Browsers are bound to it: a new pair would silence every one of them.
 */
export function vapidKeysOf(store: Store): () => Promise<VapidKeys> {
  let known: Promise<VapidKeys> | null = null;
  return () => {
    known ??= read(store).catch((error: unknown) => {
      known = null;
      throw error;
    });
    return known;
  };
}

async function read(store: Store): Promise<VapidKeys> {
  const { db } = store.database;
  const find = async () => (await db.select().from(serverKeys).where(eq(serverKeys.name, NAME)))[0];
  if ((await find()) === undefined) {
    const made = newVapidKeys();
    await db
      .insert(serverKeys)
      .values({ name: NAME, value: { ...made }, createdAt: new Date(store.clock()) })
      .onConflictDoNothing();
  }
  // Read back: another instance may have been faster.
  const { publicKey = '', privateKey = '' } = (await find())?.value ?? {};
  return { publicKey, privateKey };
}
