import { gzipSync } from 'node:zlib';
import { cutTile } from './tile-source.ts';
import type { TileSource } from './tile-source.ts';

/** Tiles as they go over the wire. */
export interface TileCache {
  readonly source: TileSource;
  /** A gzipped tile (`Content-Encoding: gzip`), or null when there is nothing to draw. */
  gzippedTile(z: number, x: number, y: number): Uint8Array | null;
}

/** Keeps the `capacity` tiles used last, gzipped, so that a busy map is cut once. */
export function createTileCache(source: TileSource, capacity = 1024): TileCache {
  const tiles = new Map<string, Uint8Array | null>();
  return {
    source,
    gzippedTile(z, x, y) {
      const key = `${z}/${x}/${y}`;
      const known = tiles.get(key);
      if (known !== undefined) {
        tiles.delete(key);
        tiles.set(key, known);
        return known;
      }
      const tile = cutTile(source, z, x, y);
      const packed = tile && gzipSync(tile);
      tiles.set(key, packed);
      if (tiles.size > capacity) {
        const oldest = tiles.keys().next().value;
        if (oldest !== undefined) tiles.delete(oldest);
      }
      return packed;
    },
  };
}
