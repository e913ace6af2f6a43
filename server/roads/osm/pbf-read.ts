import { inflateSync } from 'node:zlib';
import { PbfReader } from 'pbf';
import { DomainError } from '../../../shared/errors.ts';
import type { OsmData, OsmMember, OsmTags } from './model.ts';

/** Limits of the format: a blob header over 64 KiB or a blob over 32 MiB is not an OSM file. */
const MAX_HEADER_BYTES = 64 * 1024;
const MAX_BLOB_BYTES = 32 * 1024 * 1024;
const MEMBER_TYPES = ['node', 'way', 'relation'] as const;
const KNOWN_FEATURES = new Set(['OsmSchema-V0.6', 'DenseNodes', 'HistoricalInformation']);

export interface PbfReadOptions {
  /** Called with the share of the file read so far, 0 to 1. */
  onProgress?: (share: number) => void;
}

/**
 * Decodes an `.osm.pbf` file held in memory. Anything that is not one, or is cut short, throws `DomainError`
 * `invalid-input` with one line that says what is wrong. Format: https://wiki.openstreetmap.org/wiki/PBF_Format
 */
export function readOsmPbf(file: Uint8Array, options: PbfReadOptions = {}): OsmData {
  const data: OsmData = { nodes: [], ways: [], relations: [] };
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let at = 0;
  let sawHeader = false;
  while (at < file.length) {
    if (at + 4 > file.length) throw truncated();
    const headerLength = view.getUint32(at);
    at += 4;
    if (headerLength === 0 || headerLength > MAX_HEADER_BYTES) {
      throw badFile(sawHeader ? 'a block header of impossible length' : 'not an OSM PBF file');
    }
    if (at + headerLength > file.length) throw sawHeader ? truncated() : badFile('not an OSM PBF file');
    const header = decode(() => readBlobHeader(file.subarray(at, at + headerLength)));
    at += headerLength;
    if (!sawHeader && header.type !== 'OSMHeader') throw badFile('not an OSM PBF file');
    if (header.size < 0 || header.size > MAX_BLOB_BYTES) throw badFile('a block of impossible length');
    if (at + header.size > file.length) throw truncated();
    const blob = file.subarray(at, at + header.size);
    at += header.size;
    if (header.type === 'OSMHeader') {
      decode(() => checkHeader(unpackBlob(blob)));
      sawHeader = true;
    } else if (header.type === 'OSMData') {
      decode(() => readPrimitiveBlock(unpackBlob(blob), data));
    }
    options.onProgress?.(at / file.length);
  }
  if (!sawHeader) throw badFile('the file is empty');
  return data;
}

function badFile(what: string): DomainError {
  return new DomainError('invalid-input', `The map file cannot be read: ${what}.`);
}

function truncated(): DomainError {
  return badFile('it ends in the middle of a block (truncated download?)');
}

/** Any fault of the decoder (a bad varint, a bad zlib stream, an index out of range) is a broken file. */
function decode<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof DomainError) throw error;
    throw badFile(`a block is damaged (${error instanceof Error ? error.message : 'unknown'})`);
  }
}

function readBlobHeader(bytes: Uint8Array): { type: string; size: number } {
  const pbf = new PbfReader(bytes);
  return pbf.readFields(
    (tag, header, reader) => {
      if (tag === 1) header.type = reader.readString();
      else if (tag === 3) header.size = reader.readVarint(true);
    },
    { type: '', size: 0 },
  );
}

function unpackBlob(bytes: Uint8Array): Uint8Array {
  const blob: { raw?: Uint8Array; zlib?: Uint8Array; rawSize: number; other: boolean } = {
    rawSize: 0,
    other: false,
  };
  new PbfReader(bytes).readFields((tag, _result, reader) => {
    if (tag === 1) blob.raw = reader.readBytes();
    else if (tag === 2) blob.rawSize = reader.readVarint(true);
    else if (tag === 3) blob.zlib = reader.readBytes();
    else if (tag >= 4 && tag <= 7) blob.other = true;
  }, null);
  if (blob.raw) return blob.raw;
  if (!blob.zlib) throw badFile(blob.other ? 'a compression other than zlib' : 'a block without data');
  const inflated = inflateSync(blob.zlib, { maxOutputLength: MAX_BLOB_BYTES });
  if (blob.rawSize > 0 && inflated.length !== blob.rawSize) throw badFile('a block shorter than it says');
  return inflated;
}

function checkHeader(bytes: Uint8Array): void {
  new PbfReader(bytes).readFields((tag, _result, reader) => {
    if (tag !== 4) return;
    const feature = reader.readString();
    if (!KNOWN_FEATURES.has(feature)) throw badFile(`it needs the feature ${feature}`);
  }, null);
}

interface Block {
  strings: string[];
  groups: { from: number; to: number }[];
  granularity: number;
  latOffset: number;
  lonOffset: number;
}

function readPrimitiveBlock(bytes: Uint8Array, data: OsmData): void {
  const block: Block = { strings: [], groups: [], granularity: 100, latOffset: 0, lonOffset: 0 };
  const pbf = new PbfReader(bytes);
  pbf.readFields((tag, result, reader) => {
    if (tag === 1) {
      reader.readMessage((inner, strings, table) => {
        if (inner === 1) strings.push(table.readString());
      }, result.strings);
    } else if (tag === 2) {
      const to = reader.readVarint() + reader.pos;
      result.groups.push({ from: reader.pos, to });
      reader.pos = to;
    } else if (tag === 17) result.granularity = reader.readVarint(true);
    else if (tag === 19) result.latOffset = reader.readVarint(true);
    else if (tag === 20) result.lonOffset = reader.readVarint(true);
  }, block);
  for (const group of block.groups) {
    if (group.to > bytes.length) throw badFile('a block is damaged (a group past its end)');
    pbf.pos = group.from;
    pbf.readFields(
      (tag, _result, reader) => {
        if (tag === 1) readPlainNode(reader, block, data);
        else if (tag === 2) readDenseNodes(reader, block, data);
        else if (tag === 3) readWay(reader, block, data);
        else if (tag === 4) readRelation(reader, block, data);
      },
      null,
      group.to,
    );
  }
}

function text(block: Block, index: number): string {
  const found = block.strings[index];
  if (found === undefined) throw badFile('a block is damaged (a string that is not there)');
  return found;
}

function tagsOf(block: Block, keys: number[], values: number[]): OsmTags {
  if (keys.length !== values.length) throw badFile('a block is damaged (tags out of step)');
  const tags: Record<string, string> = {};
  for (let i = 0; i < keys.length; i++) setTag(tags, text(block, keys[i]!), text(block, values[i]!));
  return tags;
}

/** A tag named `__proto__` must be a plain entry like any other. */
function setTag(tags: Record<string, string>, key: string, value: string): void {
  if (key === '__proto__') {
    Object.defineProperty(tags, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    tags[key] = value;
  }
}

/** Raw units to degrees, without the 1e-9 noise that a plain multiplication by 1e-9 leaves. */
function degrees(block: Block, offset: number, units: number): number {
  return (offset + block.granularity * units) / 1e9;
}

function addNode(data: OsmData, id: number, lat: number, lon: number, tags: OsmTags | null): void {
  if (!(Math.abs(lat) <= 90 && Math.abs(lon) <= 180))
    throw badFile('a block is damaged (a node outside the world)');
  data.nodes.push(tags ? { id, lon, lat, tags } : { id, lon, lat });
}

function readPlainNode(reader: PbfReader, block: Block, data: OsmData): void {
  const raw = { id: 0, lat: 0, lon: 0, keys: [] as number[], values: [] as number[] };
  reader.readMessage((tag, node, pbf) => {
    if (tag === 1) node.id = pbf.readSVarint();
    else if (tag === 2) node.keys = pbf.readPackedVarint();
    else if (tag === 3) node.values = pbf.readPackedVarint();
    else if (tag === 8) node.lat = pbf.readSVarint();
    else if (tag === 9) node.lon = pbf.readSVarint();
  }, raw);
  const tags = raw.keys.length > 0 ? tagsOf(block, raw.keys, raw.values) : null;
  addNode(
    data,
    raw.id,
    degrees(block, block.latOffset, raw.lat),
    degrees(block, block.lonOffset, raw.lon),
    tags,
  );
}

function readDenseNodes(reader: PbfReader, block: Block, data: OsmData): void {
  const dense = {
    ids: [] as number[],
    lats: [] as number[],
    lons: [] as number[],
    keysValues: [] as number[],
  };
  reader.readMessage((tag, result, pbf) => {
    if (tag === 1) pbf.readPackedSVarint(result.ids);
    else if (tag === 8) pbf.readPackedSVarint(result.lats);
    else if (tag === 9) pbf.readPackedSVarint(result.lons);
    else if (tag === 10) pbf.readPackedVarint(result.keysValues);
  }, dense);
  if (dense.lats.length !== dense.ids.length || dense.lons.length !== dense.ids.length) {
    throw badFile('a block is damaged (nodes out of step)');
  }
  let id = 0;
  let lat = 0;
  let lon = 0;
  let tagAt = 0;
  for (let i = 0; i < dense.ids.length; i++) {
    id += dense.ids[i]!;
    lat += dense.lats[i]!;
    lon += dense.lons[i]!;
    let tags: Record<string, string> | null = null;
    while (tagAt < dense.keysValues.length && dense.keysValues[tagAt] !== 0) {
      tags ??= {};
      setTag(tags, text(block, dense.keysValues[tagAt]!), text(block, dense.keysValues[tagAt + 1] ?? -1));
      tagAt += 2;
    }
    tagAt++;
    addNode(data, id, degrees(block, block.latOffset, lat), degrees(block, block.lonOffset, lon), tags);
  }
}

/** Turns delta-coded values into absolute ones, in place. */
function accumulate(values: number[]): number[] {
  for (let i = 1; i < values.length; i++) values[i]! += values[i - 1]!;
  return values;
}

function readWay(reader: PbfReader, block: Block, data: OsmData): void {
  const raw = { id: 0, keys: [] as number[], values: [] as number[], refs: [] as number[] };
  reader.readMessage((tag, way, pbf) => {
    if (tag === 1) way.id = pbf.readVarint(true);
    else if (tag === 2) pbf.readPackedVarint(way.keys);
    else if (tag === 3) pbf.readPackedVarint(way.values);
    else if (tag === 8) pbf.readPackedSVarint(way.refs);
  }, raw);
  data.ways.push({ id: raw.id, refs: accumulate(raw.refs), tags: tagsOf(block, raw.keys, raw.values) });
}

function readRelation(reader: PbfReader, block: Block, data: OsmData): void {
  const raw = {
    id: 0,
    keys: [] as number[],
    values: [] as number[],
    roles: [] as number[],
    refs: [] as number[],
    types: [] as number[],
  };
  reader.readMessage((tag, relation, pbf) => {
    if (tag === 1) relation.id = pbf.readVarint(true);
    else if (tag === 2) pbf.readPackedVarint(relation.keys);
    else if (tag === 3) pbf.readPackedVarint(relation.values);
    else if (tag === 8) pbf.readPackedVarint(relation.roles);
    else if (tag === 9) pbf.readPackedSVarint(relation.refs);
    else if (tag === 10) pbf.readPackedVarint(relation.types);
  }, raw);
  const refs = accumulate(raw.refs);
  if (raw.roles.length !== refs.length || raw.types.length !== refs.length) {
    throw badFile('a block is damaged (members out of step)');
  }
  const members: OsmMember[] = refs.map((ref, i) => {
    const type = MEMBER_TYPES[raw.types[i]!];
    if (!type) throw badFile('a block is damaged (a member of unknown type)');
    return { type, ref, role: text(block, raw.roles[i]!) };
  });
  data.relations.push({ id: raw.id, members, tags: tagsOf(block, raw.keys, raw.values) });
}
