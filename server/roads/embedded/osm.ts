/**
 * The street data the builder reads. The same shape as `osm/model.ts`, restated here because the embedded router
 * imports nothing from outside itself.
 */
export type OsmTags = Readonly<Record<string, string>>;
export interface OsmData {
  nodes: readonly { id: number; lon: number; lat: number; tags?: OsmTags }[];
  ways: readonly { id: number; refs: readonly number[]; tags: OsmTags }[];
  relations: readonly {
    id: number;
    members: readonly { type: 'node' | 'way' | 'relation'; ref: number; role: string }[];
    tags: OsmTags;
  }[];
}
