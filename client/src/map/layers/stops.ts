/** The stops of the chosen truck, or those a proposal moves, each by its state. */
import type { Palette } from '../../signs/palette.ts';
import type { StopLook } from '../../signs/shapes.ts';
import type { MapLike } from '../map-like.ts';
import { stopImage, type SignImages } from '../sign-images.ts';
import type { MapLayer } from './layer.ts';
import { createMarksLayer, markColours } from './marks.ts';

export interface StopMark {
  id: number;
  lon: number;
  lat: number;
  look: StopLook;
  number?: number;
}

export interface StopsState {
  marks: readonly StopMark[];
  selectedId: number | null;
  hoveredId: number | null;
}

const ORDER: Readonly<Record<StopLook, number>> = {
  later: 0,
  ghost: 0,
  done: 1,
  failed: 2,
  planned: 3,
  risk: 4,
  late: 5,
  moved: 6,
  next: 7,
};

const UNNUMBERED: ReadonlySet<StopLook> = new Set(['done', 'failed', 'later']);

export interface StopsLayer extends MapLayer<StopsState> {
  readonly hitLayer: string;
}

export function createStopsLayer(map: MapLike, palette: Palette, images: SignImages): StopsLayer {
  const layer = createMarksLayer(map, images, 'stops', markColours(palette));
  return {
    hitLayer: layer.hitLayer,
    update({ marks, selectedId, hoveredId }) {
      layer.update(
        marks.map((mark) => ({
          id: mark.id,
          lon: mark.lon,
          lat: mark.lat,
          image: stopImage(mark.look, UNNUMBERED.has(mark.look) ? undefined : mark.number),
          order: ORDER[mark.look],
          selected: mark.id === selectedId,
          hovered: mark.id === hoveredId,
          haloPx: 22,
        })),
      );
    },
    restyle: (next) => layer.paint(markColours(next)),
    remove: () => layer.remove(),
  };
}
