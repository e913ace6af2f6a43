/** Lines: the chosen truck's way (driven, ahead, to the landfill), grey trails of the rest, a proposal's before/after. */
import type { Feature, FeatureCollection } from 'geojson';
import type { LonLat } from '../../../../shared/geo.ts';
import type { Palette } from '../../signs/palette.ts';
import { UNDER_LABELS } from '../engine.ts';
import { EMPTY, type LayerSpec, type MapLike } from '../map-like.ts';
import { ARROW_IMAGE, type SignImages } from '../sign-images.ts';
import type { MapLayer } from './layer.ts';

export interface RouteLines {
  driven: readonly (readonly LonLat[])[];
  ahead: readonly (readonly LonLat[])[];
  /** The leg to the landfill, or a plan that was not followed. */
  dotted: readonly (readonly LonLat[])[];
}

export interface ProposalLines {
  before: readonly (readonly LonLat[])[];
  /** One entry a receiving truck, in the order of the dash patterns. */
  after: readonly { truckId: number; line: readonly LonLat[] }[];
  show: 'before' | 'both' | 'after';
}

export interface RoutesState {
  trails: readonly (readonly LonLat[])[];
  selected: RouteLines | null;
  proposal: ProposalLines | null;
}

const SOURCE = 'routes';
export const PROPOSAL_DASHES: readonly (number[] | null)[] = [null, [3, 1.6], [4, 1.6, 1, 1.6]];
const ROUND = { 'line-cap': 'round', 'line-join': 'round' };
const FLAT = { 'line-cap': 'butt', 'line-join': 'round' };
const kind = (name: string) => ['==', ['get', 'kind'], name];
const grow = (at12: number, at15: number, at17: number) => [
  'interpolate',
  ['linear'],
  ['zoom'],
  12,
  at12,
  15,
  at15,
  17,
  at17,
];

function specs(palette: Palette): LayerSpec[] {
  const line = (
    id: string,
    filter: string,
    paint: Record<string, unknown>,
    layout: Record<string, unknown> = ROUND,
  ) => ({
    id,
    type: 'line' as const,
    source: SOURCE,
    filter: kind(filter),
    layout,
    paint,
  });
  return [
    line('route-trail', 'trail', { 'line-color': palette.trail, 'line-width': 2.4, 'line-opacity': 0.75 }),
    line('route-before', 'before', {
      'line-color': palette.t2,
      'line-width': 2.6,
      'line-dasharray': [0.1, 2],
    }),
    line('route-ahead-halo', 'ahead', {
      'line-color': palette.mapHalo,
      'line-width': grow(5, 6, 8),
      'line-opacity': 0.7,
    }),
    line(
      'route-ahead',
      'ahead',
      {
        'line-color': palette.accent,
        'line-width': grow(2.4, 3, 4.5),
        'line-dasharray': [2.6, 1.4],
      },
      FLAT,
    ),
    line('route-dotted', 'dotted', {
      'line-color': palette.accent,
      'line-width': 2.4,
      'line-dasharray': [0.1, 2.2],
    }),
    line('route-driven-halo', 'driven', {
      'line-color': palette.mapHalo,
      'line-width': grow(5.5, 8, 11),
      'line-opacity': 0.7,
    }),
    line('route-driven', 'driven', { 'line-color': palette.accent, 'line-width': grow(3.4, 5.4, 8) }),
    {
      id: 'route-arrows',
      type: 'symbol',
      source: SOURCE,
      filter: kind('driven'),
      layout: {
        'symbol-placement': 'line',
        'symbol-spacing': 72,
        'icon-image': ARROW_IMAGE,
        'icon-allow-overlap': true,
        'icon-ignore-placement': true,
        'icon-size': 0.62,
      },
    },
    ...PROPOSAL_DASHES.flatMap((dash, index) => [
      line(`proposal-halo-${index}`, `after-${index}`, {
        'line-color': palette.mapHalo,
        'line-width': grow(5.5, 7, 9),
        'line-opacity': 0.7,
      }),
      line(
        `proposal-${index}`,
        `after-${index}`,
        {
          'line-color': palette.prop,
          'line-width': grow(2.8, 3.8, 5.4),
          ...(dash ? { 'line-dasharray': dash } : {}),
        },
        dash ? FLAT : ROUND,
      ),
    ]),
  ];
}

const feature = (name: string, coordinates: readonly LonLat[]): Feature => ({
  type: 'Feature',
  properties: { kind: name },
  geometry: { type: 'LineString', coordinates: coordinates.map(([lon, lat]) => [lon, lat]) },
});

export function createRoutesLayer(map: MapLike, palette: Palette, images: SignImages): MapLayer<RoutesState> {
  map.addGeoJson(SOURCE, EMPTY, { tolerance: 0.2 });
  for (const spec of specs(palette)) map.addLayer(spec, UNDER_LABELS);
  void images.ensure([ARROW_IMAGE]);
  return {
    update(state) {
      const features: Feature[] = [];
      const add = (name: string, lines: readonly (readonly LonLat[])[]) => {
        for (const line of lines) if (line.length > 1) features.push(feature(name, line));
      };
      add('trail', state.trails);
      if (state.selected) {
        add('dotted', state.selected.dotted);
        add('ahead', state.selected.ahead);
        add('driven', state.selected.driven);
      }
      if (state.proposal) {
        const { before, after, show } = state.proposal;
        if (show !== 'after') add('before', before);
        if (show !== 'before') {
          after.forEach(({ line }, index) => add(`after-${index % PROPOSAL_DASHES.length}`, [line]));
        }
      }
      const data: FeatureCollection = { type: 'FeatureCollection', features };
      map.setGeoJson(SOURCE, data);
    },
    restyle(next) {
      for (const spec of specs(next)) if (spec.paint) map.setPaint(spec.id, spec.paint);
    },
    remove() {
      for (const spec of specs(palette)) map.removeLayer(spec.id);
      map.removeSource(SOURCE);
    },
  };
}
