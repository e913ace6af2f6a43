import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Engine, OSRM_LIMITS } from './embedded/engine.ts';
import { buildGraph } from './embedded/import.ts';
import { CAR } from './embedded/profile.ts';
import { compareCity, type CityParity } from './parity-for-tests.ts';
import { readOsmPbf } from './osm/pbf-read.ts';

/**
 * The embedded router against what a real osrm-routed answered on the same extracts. REFERENCE_DATA names the folder
 * that holds `roads-reference/`; without it these tests are skipped by name.
 */
const folder = process.env.REFERENCE_DATA ? join(process.env.REFERENCE_DATA, 'roads-reference') : '';
const present = folder !== '' && existsSync(folder);

describe.skipIf(!present)('parity with osrm-routed (skipped without REFERENCE_DATA)', () => {
  it.each(['monaco', 'liechtenstein'])(
    'on %s',
    (city) => {
      const graph = buildGraph(readOsmPbf(readFileSync(join(folder, `${city}.osm.pbf`))), CAR);
      const parity: CityParity = compareCity(new Engine([graph], OSRM_LIMITS), folder, city);
      expect(parity.routes).toBeGreaterThanOrEqual(0.98);
      expect(parity.tableCells).toBeGreaterThanOrEqual(0.98);
      expect(parity.nearest).toBeGreaterThanOrEqual(0.98);
      expect(parity.errors).toBe(1);
      expect(parity.geometry).toBeGreaterThanOrEqual(0.95);
      expect(parity.trips).toBe(1);
      expect(parity.matchedOnTruth).toBeGreaterThanOrEqual(0.95);
      expect(parity.truthMatched).toBeGreaterThanOrEqual(0.95);
    },
    240_000,
  );
});
