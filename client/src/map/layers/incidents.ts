/** Incidents: shape by type, dashed while pending, colour by their promise. */
import type { IncidentType } from '../../../../shared/incident.ts';
import type { Palette } from '../../signs/palette.ts';
import { INCIDENT_SIZE_PX, type IncidentLife, type Tone } from '../../signs/shapes.ts';
import type { MapLike } from '../map-like.ts';
import { incidentImage, type SignImages } from '../sign-images.ts';
import type { MapLayer } from './layer.ts';
import { createMarksLayer, markColours } from './marks.ts';

export interface IncidentMark {
  id: number;
  lon: number;
  lat: number;
  type: IncidentType;
  life: IncidentLife;
  tone: Tone;
}

export interface IncidentsState {
  marks: readonly IncidentMark[];
  selectedId: number | null;
  hoveredId: number | null;
  scale: number;
}

const ORDER: Readonly<Record<Tone, number>> = { neutral: 0, ok: 0, prop: 1, accent: 1, risk: 2, crit: 3 };

export interface IncidentsLayer extends MapLayer<IncidentsState> {
  readonly hitLayer: string;
}

export function createIncidentsLayer(map: MapLike, palette: Palette, images: SignImages): IncidentsLayer {
  const layer = createMarksLayer(map, images, 'incidents', markColours(palette));
  return {
    hitLayer: layer.hitLayer,
    update({ marks, selectedId, hoveredId, scale }) {
      layer.update(
        marks.map((mark) => ({
          id: mark.id,
          lon: mark.lon,
          lat: mark.lat,
          image: incidentImage(mark.type, mark.life, mark.tone, scale),
          order: ORDER[mark.tone] * 10 + INCIDENT_SIZE_PX[mark.type],
          selected: mark.id === selectedId,
          hovered: mark.id === hoveredId,
          haloPx: 25 * scale,
        })),
      );
    },
    restyle: (next) => layer.paint(markColours(next)),
    remove: () => layer.remove(),
  };
}
