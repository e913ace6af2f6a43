import type { Store } from '../events/store.ts';
import { closeSession } from './sessions.ts';

/** The session's token stops working, everywhere and at once. */
export async function logout(store: Store, sessionId: string | null): Promise<void> {
  if (!sessionId) return;
  await closeSession(store.database, sessionId);
  store.bus.tell('sessions-ended');
}
