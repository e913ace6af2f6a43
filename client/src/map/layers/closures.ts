/** Closed areas: their ground in the colour of what is out of use, under the streets' names. */
import type { FeatureCollection } from 'geojson';
import type { ClosureView } from '../../../../shared/closure.ts';
import type { Palette } from '../../signs/palette.ts';
import { UNDER_LABELS } from '../engine.ts';
import { EMPTY, type LayerSpec, type MapLike } from '../map-like.ts';
import type { MapLayer } from './layer.ts';

const SOURCE = 'closures';

const specs = (palette: Palette): LayerSpec[] => [
  {
    id: 'closure-area',
    type: 'fill',
    source: SOURCE,
    paint: { 'fill-color': palette.crit, 'fill-opacity': 0.16 },
  },
  {
    id: 'closure-edge',
    type: 'line',
    source: SOURCE,
    paint: { 'line-color': palette.crit, 'line-width': 1.6, 'line-dasharray': [3, 2] },
  },
];

export function createClosuresLayer(map: MapLike, palette: Palette): MapLayer<readonly ClosureView[]> {
  map.addGeoJson(SOURCE, EMPTY);
  for (const spec of specs(palette)) map.addLayer(spec, UNDER_LABELS);
  return {
    update(closures) {
      const data: FeatureCollection = {
        type: 'FeatureCollection',
        features: closures.map(({ id, ring }) => ({
          type: 'Feature',
          id,
          properties: {},
          geometry: { type: 'Polygon', coordinates: [[...ring, ring[0]!]] },
        })),
      };
      map.setGeoJson(SOURCE, data);
    },
    restyle(next) {
      for (const spec of specs(next)) map.setPaint(spec.id, spec.paint ?? {});
    },
    remove() {
      for (const spec of specs(palette)) map.removeLayer(spec.id);
      map.removeSource(SOURCE);
    },
  };
}
