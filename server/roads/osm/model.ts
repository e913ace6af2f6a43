/**
 * OpenStreetMap data as plain values: what a `.osm.pbf` file holds, what the synthetic network is made of,
 * and what the graph builder and the tile cutter read. Coordinates are degrees WGS84.
 */
export type OsmTags = Readonly<Record<string, string>>;

export interface OsmNode {
  id: number;
  lon: number;
  lat: number;
  tags?: OsmTags;
}

export interface OsmWay {
  id: number;
  /** Node ids in drawing order; the first equals the last for a closed way. */
  refs: number[];
  tags: OsmTags;
}

export interface OsmMember {
  type: 'node' | 'way' | 'relation';
  ref: number;
  role: string;
}

export interface OsmRelation {
  id: number;
  members: OsmMember[];
  tags: OsmTags;
}

export interface OsmData {
  nodes: OsmNode[];
  ways: OsmWay[];
  relations: OsmRelation[];
}
