import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import type { Services } from './services.ts';

const MAX_ZOOM = 24;

/** Base-map tiles: gzip as they were cut, with a tag of their content; 204 where there is nothing to draw. */
export function serveTiles(app: FastifyInstance, services: Services): void {
  const tags = new WeakMap<Uint8Array, string>();
  const tagOf = (tile: Uint8Array): string => {
    let tag = tags.get(tile);
    if (!tag) tags.set(tile, (tag = `"${createHash('sha1').update(tile).digest('base64url')}"`));
    return tag;
  };
  app.get<{ Params: { z: string; x: string; file: string } }>(
    '/tiles/:z/:x/:file',
    { compress: false },
    async (request, reply) => {
      const place = readPlace(request.params);
      if (!place || !services.tiles) {
        return reply.code(404).send({ error: { message: 'No such tile.', reason: 'not-found' } });
      }
      const tile = services.tiles.gzippedTile(place.z, place.x, place.y);
      void reply.header('cache-control', 'public, max-age=3600').header('vary', 'accept-encoding');
      if (!tile) return reply.code(204).send();
      const tag = tagOf(tile);
      void reply.header('etag', tag);
      if (request.headers['if-none-match'] === tag) return reply.code(304).send();
      void reply.header('content-type', 'application/vnd.mapbox-vector-tile');
      if (/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) {
        return reply.header('content-encoding', 'gzip').send(Buffer.from(tile));
      }
      return reply.send(gunzipSync(tile));
    },
  );
}

/** Whole numbers within the zoom's grid; null for anything else. */
function readPlace(params: {
  z: string;
  x: string;
  file: string;
}): { z: number; x: number; y: number } | null {
  const file = /^(\d{1,8})\.mvt$/.exec(params.file);
  if (!file || !/^\d{1,2}$/.test(params.z) || !/^\d{1,8}$/.test(params.x)) return null;
  const [z, x, y] = [Number(params.z), Number(params.x), Number(file[1])];
  const side = 2 ** z;
  return z <= MAX_ZOOM && x < side && y < side ? { z, x, y } : null;
}
