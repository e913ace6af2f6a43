import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { DomainError } from '../../shared/errors.ts';
import { limitReports } from '../access/limit-reports.ts';
import { isPhotoOfCode, PHOTO_LIMIT_BYTES, readPhoto, storePhoto } from '../incidents/photos.ts';
import { admit } from './admit.ts';
import { identify } from './identify.ts';
import type { Services } from './services.ts';

const TYPES = ['image/jpeg', 'image/png', 'image/webp'];
const photoId = z.uuid();

/** The picture of a report: sent as it is before the report, seen by the office and by whoever holds the code. */
export function servePhotos(app: FastifyInstance, services: Services): void {
  const { store, config } = services;
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(TYPES, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.post('/photos', { bodyLimit: PHOTO_LIMIT_BYTES }, async (request, reply) => {
      await admit(await identify(services, request, reply), 'public');
      await limitReports(services.limiter, `photos:${request.ip}`);
      if (!Buffer.isBuffer(request.body)) {
        throw new DomainError('invalid-input', 'The body is the picture itself.', { fields: ['body'] });
      }
      return reply.code(201).send(await storePhoto(store, config.dataDir, request.body));
    });
  });
  app.get<{ Params: { id: string }; Querystring: { code?: string } }>(
    '/photos/:id',
    async (request, reply) => {
      const id = photoId.safeParse(request.params.id);
      const { code } = request.query;
      const holdsCode = id.success && typeof code === 'string' && (await isPhotoOfCode(store, id.data, code));
      await admit(await identify(services, request, reply), holdsCode ? 'public' : 'signed-in');
      if (!id.success) throw new DomainError('not-found', 'No such photo.');
      const { mime, bytes } = await readPhoto(store, config.dataDir, id.data);
      return reply
        .header('content-type', mime)
        .header('content-security-policy', "default-src 'none'; sandbox")
        .header('cache-control', 'private, max-age=86400')
        .send(bytes);
    },
  );
}
