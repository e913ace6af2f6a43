import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Extension } from '@electric-sql/pglite';
import { postgis } from '@electric-sql/pglite-postgis';

/** Points, polygons, distances. Raster, topology and geocoder are two thirds of the code compiled at each start. */
const NEEDED =
  /^(lib\/postgresql\/postgis-3\.so|share\/postgresql\/extension\/postgis(\.control|--[\d.]+\.sql)|share\/proj\/.*)$/;
const BLOCK = 512;
const NAME_BYTES = 100;
const SIZE_AT = 124;
const SIZE_BYTES = 12;

/** PostGIS without what is not used here, its bundle cut once and kept in `folder`. */
export function slimPostgis(folder: string): Extension {
  return {
    name: postgis.name,
    async setup(pg, options) {
      const whole = await postgis.setup(pg, options);
      if (!whole.bundlePath) return whole;
      const slim = join(folder, `postgis-${statSync(whole.bundlePath).size}.tar.gz`);
      if (!existsSync(slim)) {
        const draft = `${slim}.${process.pid}`;
        writeFileSync(
          draft,
          gzipSync(keepEntries(gunzipSync(readFileSync(whole.bundlePath)), NEEDED), { level: 1 }),
        );
        renameSync(draft, slim);
      }
      return { ...whole, bundlePath: pathToFileURL(slim) };
    },
  };
}

/** A tar with only the entries whose name matches. Each entry is a header block and its content in whole blocks. */
export function keepEntries(tar: Buffer, names: RegExp): Buffer {
  const kept: Buffer[] = [];
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0;) {
    const name = tar.toString('utf8', at, at + NAME_BYTES).replace(/\0.*$/s, '');
    const size = parseInt(tar.toString('latin1', at + SIZE_AT, at + SIZE_AT + SIZE_BYTES), 8);
    const next = at + BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    if (names.test(name)) kept.push(tar.subarray(at, next));
    at = next;
  }
  return Buffer.concat([...kept, Buffer.alloc(2 * BLOCK)]);
}
