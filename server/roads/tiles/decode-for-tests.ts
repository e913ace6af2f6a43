import { PbfReader } from 'pbf';

/** A feature read back from a tile: enough to judge it by. */
export interface DecodedFeature {
  attributes: Record<string, string | number>;
  type: number;
}

/** Reads a Mapbox Vector Tile (spec 2.1) into features by layer; a missing tile has none. */
export function decodeTile(tile: Uint8Array | null): Record<string, DecodedFeature[]> {
  const layers: Record<string, DecodedFeature[]> = {};
  if (!tile) return layers;
  new PbfReader(tile).readFields((tag, _result, pbf) => {
    if (tag !== 3) return;
    const layer = {
      name: '',
      keys: [] as string[],
      values: [] as (string | number)[],
      features: [] as Raw[],
    };
    pbf.readMessage((field, into, reader) => {
      if (field === 1) into.name = reader.readString();
      else if (field === 2) into.features.push(readFeature(reader));
      else if (field === 3) into.keys.push(reader.readString());
      else if (field === 4) into.values.push(readValue(reader));
    }, layer);
    layers[layer.name] = layer.features.map(({ tags, type }) => {
      const attributes: DecodedFeature['attributes'] = {};
      for (let i = 0; i + 1 < tags.length; i += 2) {
        attributes[layer.keys[tags[i] ?? 0] ?? ''] = layer.values[tags[i + 1] ?? 0] ?? '';
      }
      return { attributes, type };
    });
  }, null);
  return layers;
}

interface Raw {
  tags: number[];
  type: number;
}

function readFeature(pbf: PbfReader): Raw {
  return pbf.readMessage(
    (field, into, reader) => {
      if (field === 2) reader.readPackedVarint(into.tags);
      else if (field === 3) into.type = reader.readVarint();
    },
    { tags: [] as number[], type: 0 },
  );
}

function readValue(pbf: PbfReader): string | number {
  return pbf.readMessage(
    (field, into, reader) => {
      if (field === 1) into.value = reader.readString();
      else if (field === 3) into.value = reader.readDouble();
      else if (field === 5) into.value = reader.readVarint();
      else if (field === 6) into.value = reader.readSVarint();
    },
    { value: '' as string | number },
  ).value;
}

/** How many features there are of each class (or kind). */
export function classOrKindCounts(features: readonly DecodedFeature[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { attributes } of features) {
    const kind = String(attributes.class ?? attributes.kind);
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** Column and row of the tile that holds a place. */
export function tileAt(place: { lon: number; lat: number }, z: number): [x: number, y: number] {
  const across = 2 ** z;
  const sine = Math.sin((place.lat * Math.PI) / 180);
  const northShare = 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
  return [Math.floor(((place.lon + 180) / 360) * across), Math.floor(northShare * across)];
}
