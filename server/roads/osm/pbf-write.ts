import { deflateSync } from 'node:zlib';
import { PbfWriter } from 'pbf';
import type { OsmData, OsmMember, OsmNode, OsmRelation, OsmTags, OsmWay } from './model.ts';

/** Entities per PrimitiveBlock, as the format's authors advise. */
const BLOCK_ENTITIES = 8_000;
/** 100 nanodegrees: the format's default granularity, and OSM's own precision. */
const UNITS_PER_DEGREE = 1e7;
const MEMBER_TYPES = { node: 0, way: 1, relation: 2 } as const;

export interface PbfWriteOptions {
  /** Written to the header as `writingprogram`. */
  writingProgram?: string;
}

/**
 * Encodes street data as an `.osm.pbf` file (dense nodes, zlib blobs, no metadata), readable by osmium, OSRM and
 * `readOsmPbf`. Format: https://wiki.openstreetmap.org/wiki/PBF_Format. Coordinates are kept to 1e-7 degree.
 */
export function writeOsmPbf(data: OsmData, options: PbfWriteOptions = {}): Uint8Array {
  const chunks = [blobOf('OSMHeader', headerBlock(data, options.writingProgram ?? 'osm-pbf-write'))];
  for (const nodes of slices(data.nodes)) chunks.push(blobOf('OSMData', nodeBlock(nodes)));
  for (const ways of slices(data.ways)) chunks.push(blobOf('OSMData', wayBlock(ways)));
  for (const relations of slices(data.relations)) chunks.push(blobOf('OSMData', relationBlock(relations)));
  return new Uint8Array(Buffer.concat(chunks));
}

function* slices<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += BLOCK_ENTITIES)
    yield items.slice(from, from + BLOCK_ENTITIES);
}

/** One file block: 4 bytes of header length, BlobHeader, Blob with zlib data. */
function blobOf(type: string, payload: Uint8Array): Buffer {
  const blob = new PbfWriter();
  blob.writeVarintField(2, payload.length);
  blob.writeBytesField(3, deflateSync(payload));
  const blobBytes = blob.finish();
  const header = new PbfWriter();
  header.writeStringField(1, type);
  header.writeVarintField(3, blobBytes.length);
  const headerBytes = header.finish();
  const length = Buffer.alloc(4);
  length.writeUInt32BE(headerBytes.length);
  return Buffer.concat([length, headerBytes, blobBytes]);
}

function headerBlock(data: OsmData, writingProgram: string): Uint8Array {
  let west = Infinity;
  let east = -Infinity;
  let south = Infinity;
  let north = -Infinity;
  for (const node of data.nodes) {
    west = Math.min(west, node.lon);
    east = Math.max(east, node.lon);
    south = Math.min(south, node.lat);
    north = Math.max(north, node.lat);
  }
  const pbf = new PbfWriter();
  if (data.nodes.length > 0) {
    pbf.writeMessage(
      1,
      (_: null, box) => {
        box.writeSVarintField(1, Math.round(west * 1e9));
        box.writeSVarintField(2, Math.round(east * 1e9));
        box.writeSVarintField(3, Math.round(north * 1e9));
        box.writeSVarintField(4, Math.round(south * 1e9));
      },
      null,
    );
  }
  pbf.writeStringField(4, 'OsmSchema-V0.6');
  pbf.writeStringField(4, 'DenseNodes');
  pbf.writeStringField(16, writingProgram);
  return pbf.finish();
}

/** Collects a block's strings; index 0 is the delimiter the format reserves. */
class StringTable {
  readonly strings: string[] = [''];
  private readonly indexOf = new Map<string, number>([['', 0]]);

  index(text: string): number {
    let at = this.indexOf.get(text);
    if (at === undefined) {
      at = this.strings.length;
      this.strings.push(text);
      this.indexOf.set(text, at);
    }
    return at;
  }

  /** Parallel arrays of key and value indices. */
  tagIndices(tags: OsmTags): { keys: number[]; values: number[] } {
    const entries = Object.entries(tags);
    return {
      keys: entries.map(([key]) => this.index(key)),
      values: entries.map(([, value]) => this.index(value)),
    };
  }
}

/** Wraps a group (already encoded) and its strings in a PrimitiveBlock. */
function primitiveBlock(table: StringTable, group: Uint8Array): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeMessage(
    1,
    (strings: string[], out) => {
      for (const text of strings) out.writeStringField(1, text);
    },
    table.strings,
  );
  pbf.writeBytesField(2, group);
  return pbf.finish();
}

function deltas(values: number[]): number[] {
  return values.map((value, i) => value - (values[i - 1] ?? 0));
}

function nodeBlock(nodes: readonly OsmNode[]): Uint8Array {
  const table = new StringTable();
  const keysValues: number[] = [];
  let anyTag = false;
  for (const node of nodes) {
    for (const [key, value] of Object.entries(node.tags ?? {})) {
      keysValues.push(table.index(key), table.index(value));
      anyTag = true;
    }
    keysValues.push(0);
  }
  const group = new PbfWriter();
  group.writeMessage(
    2,
    (_: null, dense) => {
      dense.writePackedSVarint(1, deltas(nodes.map((node) => node.id)));
      dense.writePackedSVarint(8, deltas(nodes.map((node) => Math.round(node.lat * UNITS_PER_DEGREE))));
      dense.writePackedSVarint(9, deltas(nodes.map((node) => Math.round(node.lon * UNITS_PER_DEGREE))));
      if (anyTag) dense.writePackedVarint(10, keysValues);
    },
    null,
  );
  return primitiveBlock(table, group.finish());
}

function wayBlock(ways: readonly OsmWay[]): Uint8Array {
  const table = new StringTable();
  const group = new PbfWriter();
  for (const way of ways) {
    const { keys, values } = table.tagIndices(way.tags);
    group.writeMessage(
      3,
      (_: null, out) => {
        out.writeVarintField(1, way.id);
        out.writePackedVarint(2, keys);
        out.writePackedVarint(3, values);
        out.writePackedSVarint(8, deltas(way.refs));
      },
      null,
    );
  }
  return primitiveBlock(table, group.finish());
}

function relationBlock(relations: readonly OsmRelation[]): Uint8Array {
  const table = new StringTable();
  const group = new PbfWriter();
  for (const relation of relations) {
    const { keys, values } = table.tagIndices(relation.tags);
    const members: OsmMember[] = relation.members;
    group.writeMessage(
      4,
      (_: null, out) => {
        out.writeVarintField(1, relation.id);
        out.writePackedVarint(2, keys);
        out.writePackedVarint(3, values);
        out.writePackedVarint(
          8,
          members.map((member) => table.index(member.role)),
        );
        out.writePackedSVarint(9, deltas(members.map((member) => member.ref)));
        out.writePackedVarint(
          10,
          members.map((member) => MEMBER_TYPES[member.type]),
        );
      },
      null,
    );
  }
  return primitiveBlock(table, group.finish());
}
