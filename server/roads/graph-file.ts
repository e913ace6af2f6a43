import { readFileSync, renameSync, writeFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DomainError } from '../../shared/errors.ts';
import { buildGraph, deserializeGraph, serializeGraph, type ImportProgress } from './embedded/import.ts';
import type { Graph } from './embedded/graph.ts';
import { PROFILES } from './embedded/profile.ts';
import type { OsmData } from './osm/model.ts';

/** One file holds the graphs of all vehicle profiles: a count, their lengths, then each 8-aligned. */
const MAGIC = 0x52475045;

export type GraphProgress = (profile: string, ...step: Parameters<ImportProgress>) => void;

/** Graphs of every profile from street data. */
export function buildGraphs(osm: OsmData, onProgress?: GraphProgress): Graph[] {
  return PROFILES.map((profile) =>
    buildGraph(osm, profile, (stage, share) => onProgress?.(profile.name, stage, share)),
  );
}

/** Writes beside the target first, so that a file under this name is always whole. */
export function writeGraphFile(path: string, graphs: readonly Graph[]): void {
  const parts = graphs.map(serializeGraph);
  const head = Buffer.alloc(8 + Math.ceil(parts.length / 2) * 8);
  head.writeUInt32LE(MAGIC, 0);
  head.writeUInt32LE(parts.length, 4);
  parts.forEach((part, i) => head.writeUInt32LE(part.length, 8 + i * 4));
  const padded = parts.flatMap((part) => [part, new Uint8Array((8 - (part.length % 8)) % 8)]);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.part`, Buffer.concat([head, ...padded]));
  renameSync(`${path}.part`, path);
}

/** @throws DomainError `invalid-input` when the file is missing, damaged or of another version */
export function readGraphFile(path: string): Graph[] {
  try {
    const file = readFileSync(path);
    const bytes = file.byteOffset % 8 === 0 ? file : new Uint8Array(file);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (view.getUint32(0, true) !== MAGIC) throw new Error('not a road graph');
    const count = view.getUint32(4, true);
    const graphs: Graph[] = [];
    let at = 8 + Math.ceil(count / 2) * 8;
    for (let i = 0; i < count; i++) {
      const length = view.getUint32(8 + i * 4, true);
      graphs.push(deserializeGraph(bytes.subarray(at, at + length)));
      at += Math.ceil(length / 8) * 8;
    }
    return graphs;
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown';
    throw new DomainError('invalid-input', `The road graph ${path} cannot be used: ${why}`);
  }
}
