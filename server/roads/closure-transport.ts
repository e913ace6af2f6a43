import type { Closure } from './roads.ts';
import type { OsrmTransport } from './transport.ts';

/**
 * A real osrm-routed knows no closures: nothing in its requests can shut one street. While streets are closed, the
 * embedded router over the same extract answers instead — the same requests, the same shapes, closures respected —
 * and osrm-routed takes over again when the last one is opened.
 *
 * @param osrm answers while nothing is closed
 * @param embedded answers while something is; its map must be a real extract of the same streets
 */
export function withClosures(osrm: OsrmTransport, embedded: OsrmTransport): OsrmTransport {
  let closed = false;
  const ask: OsrmTransport = (pathAndQuery) => (closed ? embedded(pathAndQuery) : osrm(pathAndQuery));
  return Object.assign(ask, {
    async setClosures(closures: readonly Closure[]) {
      await embedded.setClosures?.(closures);
      closed = closures.length > 0;
    },
    async close() {
      await osrm.close?.();
    },
  });
}
