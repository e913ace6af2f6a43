import type { OsmData, OsmTags } from '../osm/model.ts';

/** The tag by which invented street data is told from surveyed data. */
export const SYNTHETIC_TAG = 'epagal:synthetic';

/** Whether any object says it was invented: then no part of the map may be shown as OpenStreetMap's. */
export function isSynthetic(osm: OsmData): boolean {
  const isMarked = (thing: { tags?: OsmTags }): boolean => thing.tags?.[SYNTHETIC_TAG] === 'yes';
  return osm.relations.some(isMarked) || osm.ways.some(isMarked) || osm.nodes.some(isMarked);
}
