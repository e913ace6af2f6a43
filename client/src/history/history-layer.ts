/** A past day's way of one truck: the whole day thin, the chosen trip thick, its long stands as squares of ground. */
import type { FeatureCollection } from 'geojson';
import type { LonLat } from '../../../shared/geo.ts';
import { UNDER_LABELS } from '../map/engine.ts';
import type { MapLayer } from '../map/layers/layer.ts';
import { EMPTY, type LayerSpec, type MapLike } from '../map/map-like.ts';
import type { Palette } from '../signs/palette.ts';

export interface HistoryLines {
  day: readonly (readonly LonLat[])[];
  trip: readonly (readonly LonLat[])[];
  stands: readonly LonLat[];
}

const SOURCE = 'history';
const kind = (name: string) => ['==', ['get', 'kind'], name];
const ROUND = { 'line-cap': 'round', 'line-join': 'round' };

const specs = (palette: Palette): LayerSpec[] => [
  {
    id: 'history-halo',
    type: 'line',
    source: SOURCE,
    filter: kind('day'),
    layout: ROUND,
    paint: { 'line-color': palette.mapHalo, 'line-width': 5.5, 'line-opacity': 0.7 },
  },
  {
    id: 'history-day',
    type: 'line',
    source: SOURCE,
    filter: kind('day'),
    layout: ROUND,
    paint: { 'line-color': palette.accent, 'line-width': 2.6 },
  },
  {
    id: 'history-trip',
    type: 'line',
    source: SOURCE,
    filter: kind('trip'),
    layout: ROUND,
    paint: { 'line-color': palette.accent, 'line-width': 6 },
  },
  {
    id: 'history-stands',
    type: 'circle',
    source: SOURCE,
    filter: kind('stand'),
    paint: {
      'circle-radius': 4.5,
      'circle-color': palette.mapHalo,
      'circle-stroke-color': palette.accent,
      'circle-stroke-width': 2,
    },
  },
];

export function createHistoryLayer(map: MapLike, palette: Palette): MapLayer<HistoryLines> {
  map.addGeoJson(SOURCE, EMPTY);
  for (const spec of specs(palette)) map.addLayer(spec, UNDER_LABELS);
  return {
    update({ day, trip, stands }) {
      const line = (name: string) => (coordinates: readonly LonLat[]) => ({
        type: 'Feature' as const,
        properties: { kind: name },
        geometry: { type: 'LineString' as const, coordinates: coordinates.map(([x, y]) => [x, y]) },
      });
      const data: FeatureCollection = {
        type: 'FeatureCollection',
        features: [
          ...day.map(line('day')),
          ...trip.map(line('trip')),
          ...stands.map(([x, y]) => ({
            type: 'Feature' as const,
            properties: { kind: 'stand' },
            geometry: { type: 'Point' as const, coordinates: [x, y] },
          })),
        ],
      };
      map.setGeoJson(SOURCE, data);
    },
    restyle(next) {
      for (const spec of specs(next)) map.setPaint(spec.id, spec.paint ?? {});
    },
    remove() {
      for (const spec of specs(palette)) if (map.hasLayer(spec.id)) map.removeLayer(spec.id);
      map.removeSource(SOURCE);
    },
  };
}
