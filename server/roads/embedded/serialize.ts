import type { Graph, Hierarchy } from './graph.ts';

/** First bytes of a stored graph; the digit changes with the layout, so that an old file is told apart. */
const MAGIC = 'EPROADS2';
const TYPES = { Int32Array, Uint32Array, Uint16Array, Uint8Array, Float32Array, Float64Array } as const;
type TypeName = keyof typeof TYPES;
type Numbers = InstanceType<(typeof TYPES)[TypeName]>;

interface Directory {
  profileName: string;
  strings: string[];
  arrays: { key: string; type: TypeName; length: number; offset: number }[];
}

/**
 * A graph as one block of bytes: magic, length of the directory (JSON), directory, then the arrays aligned to 8 bytes
 * in the machine's (little-endian) order, so that reading needs no copying.
 */
export function serializeGraph(graph: Graph): Uint8Array {
  const arrays: { key: string; data: Numbers }[] = [];
  for (const [key, value] of Object.entries(graph))
    if (ArrayBuffer.isView(value)) arrays.push({ key, data: value as Numbers });
  for (const [key, value] of Object.entries(graph.hierarchy)) {
    arrays.push({ key: `hierarchy.${key}`, data: value as Numbers });
  }
  let offset = 0;
  const directory: Directory = { profileName: graph.profileName, strings: graph.strings, arrays: [] };
  for (const { key, data } of arrays) {
    const type = data.constructor.name as TypeName;
    directory.arrays.push({ key, type, length: data.length, offset });
    offset += Math.ceil(data.byteLength / 8) * 8;
  }
  const text = new TextEncoder().encode(JSON.stringify(directory));
  const bodyAt = Math.ceil((MAGIC.length + 4 + text.length) / 8) * 8;
  const bytes = new Uint8Array(bodyAt + offset);
  bytes.set(new TextEncoder().encode(MAGIC));
  new DataView(bytes.buffer).setUint32(MAGIC.length, text.length, true);
  bytes.set(text, MAGIC.length + 4);
  arrays.forEach(({ data }, i) => {
    bytes.set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      bodyAt + directory.arrays[i]!.offset,
    );
  });
  return bytes;
}

/** Reads what `serializeGraph` wrote, without copying the arrays; throws a plain Error on anything else. */
export function deserializeGraph(bytes: Uint8Array): Graph {
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  const head = new TextDecoder().decode(aligned.subarray(0, MAGIC.length));
  if (head !== MAGIC) throw new Error('This is not a road graph of this version; import the map again.');
  const view = new DataView(aligned.buffer, aligned.byteOffset, aligned.byteLength);
  const length = view.getUint32(MAGIC.length, true);
  const textAt = MAGIC.length + 4;
  const directory = JSON.parse(
    new TextDecoder().decode(aligned.subarray(textAt, textAt + length)),
  ) as Directory;
  const bodyAt = aligned.byteOffset + Math.ceil((textAt + length) / 8) * 8;
  const graph: Record<string, unknown> = { profileName: directory.profileName, strings: directory.strings };
  const hierarchy: Record<string, Numbers> = {};
  for (const { key, type, length: count, offset } of directory.arrays) {
    const data = new TYPES[type](aligned.buffer as ArrayBuffer, bodyAt + offset, count);
    if (key.startsWith('hierarchy.')) hierarchy[key.slice('hierarchy.'.length)] = data;
    else graph[key] = data;
  }
  return { ...graph, hierarchy: hierarchy as unknown as Hierarchy } as unknown as Graph;
}
