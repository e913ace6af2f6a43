import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DomainError } from '../../../shared/errors.ts';
import type { OsmData } from './model.ts';
import { readOsmPbf } from './pbf-read.ts';
import { writeOsmPbf } from './pbf-write.ts';

const id = fc.integer({ min: 1, max: 2 ** 40 });
const tags = fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), fc.string({ maxLength: 12 }), {
  maxKeys: 4,
});
const coordinate = (limit: number) =>
  fc.integer({ min: -limit * 1e7, max: limit * 1e7 }).map((units) => units / 1e7);
const osmData: fc.Arbitrary<OsmData> = fc.record({
  nodes: fc.array(
    fc
      .record({ id, lon: coordinate(180), lat: coordinate(90), tags })
      .map(({ tags: nodeTags, ...node }) =>
        Object.keys(nodeTags).length > 0 ? { ...node, tags: { ...nodeTags } } : node,
      ),
    { maxLength: 40 },
  ),
  ways: fc.array(
    fc.record({ id, refs: fc.array(id, { maxLength: 12 }), tags: tags.map((t) => ({ ...t })) }),
    { maxLength: 20 },
  ),
  relations: fc.array(
    fc.record({
      id,
      members: fc.array(
        fc.record({
          type: fc.constantFrom('node' as const, 'way' as const, 'relation' as const),
          ref: id,
          role: fc.string({ maxLength: 6 }),
        }),
        { maxLength: 5 },
      ),
      tags: tags.map((t) => ({ ...t })),
    }),
    { maxLength: 8 },
  ),
});

const example: OsmData = {
  nodes: Array.from({ length: 500 }, (_, i) => ({ id: i + 1, lon: -78.6 + i * 1e-4, lat: -0.9 - i * 1e-4 })),
  ways: [{ id: 9, refs: [1, 2, 3], tags: { highway: 'residential', name: 'Calle Quito' } }],
  relations: [{ id: 4, members: [{ type: 'way', ref: 9, role: 'from' }], tags: { type: 'restriction' } }],
};

describe('the .osm.pbf reader and writer', () => {
  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(osmData, (data) => {
        expect(readOsmPbf(writeOsmPbf(data))).toEqual(data);
      }),
      { seed: 7, numRuns: 80 },
    );
  });

  it('splits large files into blocks and reports progress to the end', () => {
    const nodes = Array.from({ length: 20_000 }, (_, i) => ({ id: i + 1, lon: i / 1e4, lat: i / 1e4 }));
    const shares: number[] = [];
    const back = readOsmPbf(writeOsmPbf({ nodes, ways: [], relations: [] }), {
      onProgress: (share) => shares.push(share),
    });
    expect(back.nodes).toEqual(nodes);
    expect(shares.length).toBe(4);
    expect(shares.at(-1)).toBe(1);
  });

  it('says in one line that a file is truncated, wherever it is cut inside a block', () => {
    const file = writeOsmPbf(example);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: file.length - 1 }), (cut) => {
        try {
          const data = readOsmPbf(file.subarray(0, cut));
          // A cut exactly between two blocks is a shorter, well-formed file.
          expect(data.nodes.length === 0 || data.nodes.length === 500).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(DomainError);
          expect((error as DomainError).reason).toBe('invalid-input');
          expect((error as DomainError).message).not.toContain('\n');
        }
      }),
      { seed: 11, numRuns: 300 },
    );
  });

  it('never fails otherwise than with a DomainError, whatever the bytes', () => {
    const file = writeOsmPbf(example);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        (damage) => {
          const broken = file.slice();
          for (const [at, value] of damage) broken[at] = value;
          try {
            readOsmPbf(broken);
          } catch (error) {
            expect(error).toBeInstanceOf(DomainError);
          }
        },
      ),
      { seed: 13, numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => readOsmPbf(bytes)).toThrow(DomainError);
      }),
      { seed: 17, numRuns: 300 },
    );
  });
});
