import type { Database } from '../db/connect.ts';
import { headIdIn } from '../events/read.ts';
import type { Store } from '../events/store.ts';
import { snapshotIn, type Snapshot } from './snapshot.ts';

interface Picture {
  headId: number;
  snapshot: Snapshot;
}

const pictures = new WeakMap<Database, Picture>();

/**
 * The same as `readSnapshot` for those who only look: prices, promises. Whatever changes appends an event, so that a
 * picture holds as long as the log has not grown; of a plan version, which never changes, the document is read once.
 */
export async function readPicture({ database, clock }: Store): Promise<Snapshot> {
  const last = pictures.get(database);
  if (last !== undefined && last.headId === (await headIdIn(database.db))) {
    return { ...last.snapshot, nowMs: clock() };
  }
  const picture = await database.db.transaction(
    async (tx): Promise<Picture> => ({
      headId: await headIdIn(tx),
      snapshot: await snapshotIn(tx, clock(), last?.snapshot),
    }),
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  );
  const newest = pictures.get(database);
  if (newest === undefined || newest.headId <= picture.headId) pictures.set(database, picture);
  return picture.snapshot;
}
