/** What does not move: depot, landfill, closed streets. */
import type { Palette } from '../../signs/palette.ts';
import type { MapLike } from '../map-like.ts';
import { placeImage, type SignImages } from '../sign-images.ts';
import type { MapLayer } from './layer.ts';
import { createMarksLayer, markColours } from './marks.ts';

export interface PlaceMark {
  id: number;
  kind: 'depot' | 'landfill' | 'closure';
  lon: number;
  lat: number;
  label?: string;
}

export function createPlacesLayer(
  map: MapLike,
  palette: Palette,
  images: SignImages,
  scale = 1,
): MapLayer<readonly PlaceMark[]> {
  const layer = createMarksLayer(map, images, 'places', markColours(palette), scale);
  return {
    update(places) {
      layer.update(
        places.map((place) => ({
          id: place.id,
          lon: place.lon,
          lat: place.lat,
          image: placeImage(place.kind, scale),
          order: place.kind === 'closure' ? 1 : 0,
          selected: false,
          hovered: false,
          ...(place.label === undefined ? {} : { label: place.label }),
        })),
      );
    },
    restyle: (next) => layer.paint(markColours(next)),
    remove: () => layer.remove(),
  };
}
