/** The part of vt-pbf we call: it ships no types. */
declare module 'vt-pbf' {
  import type { LegacyTile } from 'geojson-vt';

  interface VtPbf {
    fromGeojsonVt(
      layers: Record<string, LegacyTile>,
      options?: { version?: 1 | 2; extent?: number },
    ): Uint8Array;
  }
  const vtPbf: VtPbf;
  export default vtPbf;
}
