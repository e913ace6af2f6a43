/** A source of points drawn as signs from the atlas: the common body of the stop, incident and place layers. */
import type { FeatureCollection } from 'geojson';
import type { MapLike } from '../map-like.ts';
import type { SignImages } from '../sign-images.ts';
import { EMPTY, type LayerSpec } from '../map-like.ts';

export interface Mark {
  /** Positive whole number, unique in the layer. */
  id: number;
  lon: number;
  lat: number;
  image: string;
  /** Higher is drawn later, on top. */
  order: number;
  selected: boolean;
  hovered: boolean;
  label?: string;
  /** Halo radius when selected, in pixels. */
  haloPx?: number;
}

export interface MarksLayer {
  update(marks: readonly Mark[]): void;
  paint(values: { halo: string; label: string; labelHalo: string; hover: string }): void;
  remove(): void;
  readonly hitLayer: string;
}

/** `id` names the source and prefixes its layers; `scale` enlarges the labels. */
export function createMarksLayer(
  map: MapLike,
  images: SignImages,
  id: string,
  colours: { halo: string; label: string; labelHalo: string; hover: string },
  scale = 1,
): MarksLayer {
  const halo: LayerSpec = {
    id: `${id}-halo`,
    type: 'circle',
    source: id,
    filter: ['==', ['get', 'selected'], true],
    paint: {
      'circle-radius': ['get', 'haloPx'],
      'circle-color': colours.halo,
      'circle-opacity': 0.3,
      'circle-stroke-color': colours.halo,
      'circle-stroke-width': 1.5,
    },
  };
  const hover: LayerSpec = {
    id: `${id}-hover`,
    type: 'circle',
    source: id,
    filter: ['==', ['get', 'hovered'], true],
    paint: {
      'circle-radius': ['-', ['get', 'haloPx'], 5],
      'circle-opacity': 0,
      'circle-stroke-color': colours.hover,
      'circle-stroke-width': 1.5,
    },
  };
  const signs: LayerSpec = {
    id: `${id}-signs`,
    type: 'symbol',
    source: id,
    layout: {
      'icon-image': ['get', 'image'],
      'icon-allow-overlap': true,
      'icon-ignore-placement': false,
      'symbol-sort-key': ['get', 'order'],
      'text-field': ['get', 'label'],
      'text-font': ['Semibold', 'Inter Variable'],
      'text-size': 12 * scale,
      'text-anchor': 'top',
      'text-offset': [0, 1.25],
      'text-optional': true,
    },
    paint: { 'text-color': colours.label, 'text-halo-color': colours.labelHalo, 'text-halo-width': 1.6 },
  };
  map.addGeoJson(id, EMPTY);
  for (const layer of [halo, hover, signs]) map.addLayer(layer);
  let turn = 0;
  let shown = '';
  return {
    hitLayer: signs.id,
    update(marks) {
      // Told every second, changed now and then: an unchanged set costs the map nothing.
      const next = JSON.stringify(marks);
      if (next === shown) return;
      shown = next;
      const mine = ++turn;
      const data: FeatureCollection = {
        type: 'FeatureCollection',
        features: marks.map((mark) => ({
          type: 'Feature',
          id: mark.id,
          properties: {
            id: mark.id,
            image: mark.image,
            order: mark.order,
            selected: mark.selected,
            hovered: mark.hovered,
            haloPx: mark.haloPx ?? 24,
            label: mark.label ?? '',
          },
          geometry: { type: 'Point', coordinates: [mark.lon, mark.lat] },
        })),
      };
      void images.ensure(marks.map((mark) => mark.image)).then(() => {
        if (mine === turn) map.setGeoJson(id, data);
      });
    },
    paint(next) {
      map.setPaint(halo.id, { 'circle-color': next.halo, 'circle-stroke-color': next.halo });
      map.setPaint(hover.id, { 'circle-stroke-color': next.hover });
      map.setPaint(signs.id, { 'text-color': next.label, 'text-halo-color': next.labelHalo });
    },
    remove() {
      for (const layer of [signs, hover, halo]) map.removeLayer(layer.id);
      map.removeSource(id);
    },
  };
}

/** The colours marks draw with, from the palette. */
export const markColours = (palette: { accent: string; t1: string; mapHalo: string }) => ({
  halo: palette.accent,
  hover: palette.accent,
  label: palette.t1,
  labelHalo: palette.mapHalo,
});
