import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { and, eq, lt, notExists } from 'drizzle-orm';
import { DomainError } from '../../shared/errors.ts';
import { incidentReports, incidents, photos } from '../db/schema/index.ts';
import type { Store } from '../events/store.ts';
import { readIncidentCode } from './code.ts';
import { photoTypeOf, stripPhoto, type PhotoType } from './photo-strip.ts';

const UNUSED_FOR_MS = 24 * 3_600_000;
const FORGOTTEN_AT_ONCE = 20;

export const PHOTO_LIMIT_BYTES = 5 * 1024 * 1024;

/**
 * Keeps a picture, without its metadata, under a name nobody can guess.
 * @throws DomainError `invalid-input` for what is no JPEG, PNG or WebP
 */
export async function storePhoto(store: Store, dataDir: string, bytes: Buffer): Promise<{ photoId: string }> {
  const mime = photoTypeOf(bytes);
  if (!mime) throw new DomainError('invalid-input', 'A photo is a JPEG, PNG or WebP.', { fields: ['body'] });
  const stripped = stripPhoto(bytes, mime);
  const photoId = randomUUID();
  await mkdir(join(dataDir, 'photos'), { recursive: true });
  await writeFile(join(dataDir, 'photos', photoId), stripped, { flag: 'wx', mode: 0o600 });
  await store.database.db.insert(photos).values({
    id: photoId,
    mime,
    bytes: stripped.length,
    sha256: createHash('sha256').update(stripped).digest('hex'),
    at: new Date(store.clock()),
  });
  await forgetUnused(store, dataDir);
  return { photoId };
}

/** A picture that no report took up within a day goes: a disk is not filled by sending pictures alone. */
async function forgetUnused(store: Store, dataDir: string): Promise<void> {
  const unused = await store.database.db
    .select({ id: photos.id })
    .from(photos)
    .where(
      and(
        lt(photos.at, new Date(store.clock() - UNUSED_FOR_MS)),
        notExists(
          store.database.db.select().from(incidentReports).where(eq(incidentReports.photoId, photos.id)),
        ),
      ),
    )
    .limit(FORGOTTEN_AT_ONCE);
  for (const { id } of unused) {
    await rm(join(dataDir, 'photos', id), { force: true });
    await store.database.db.delete(photos).where(eq(photos.id, id));
  }
}

/** @throws DomainError `not-found` */
export async function readPhoto(
  store: Store,
  dataDir: string,
  photoId: string,
): Promise<{ mime: PhotoType; bytes: Buffer }> {
  const [row] = await store.database.db.select().from(photos).where(eq(photos.id, photoId));
  if (!row) throw new DomainError('not-found', 'No such photo.');
  const bytes = await readFile(join(dataDir, 'photos', row.id)).catch(() => {
    throw new DomainError('not-found', 'The photo is no longer kept.');
  });
  return { mime: row.mime as PhotoType, bytes };
}

/** True when the photo belongs to the incident with this code. */
export async function isPhotoOfCode(store: Store, photoId: string, code: string): Promise<boolean> {
  const [row] = await store.database.db
    .select({ id: incidentReports.id })
    .from(incidentReports)
    .innerJoin(incidents, eq(incidents.id, incidentReports.incidentId))
    .where(and(eq(incidentReports.photoId, photoId), eq(incidents.code, readIncidentCode(code))))
    .limit(1);
  return row !== undefined;
}
