/** Rasterises signs into the map's image atlas, once per sign and theme. Ids say what is drawn: `stop/next/7`. */
import type { IncidentType } from '../../../shared/incident.ts';
import type { Palette } from '../signs/palette.ts';
import {
  arrowSvg,
  closureSvg,
  depotSvg,
  incidentSvg,
  INCIDENT_SIZE_PX,
  landfillSvg,
  stopSvg,
  svgDocument,
  type IncidentLife,
  type StopLook,
  type Tone,
} from '../signs/shapes.ts';
import type { MapLike } from './map-like.ts';

const STOP_SIZE_PX = 27;
const STOP_SIZE_OF: Partial<Record<StopLook, number>> = { next: 35, done: 22, failed: 22, later: 13 };
const PLACE_SIZE_PX = 30;
const FONT = "'Inter Variable', Inter, sans-serif";

export const incidentImage = (type: IncidentType, life: IncidentLife, tone: Tone, scale = 1) =>
  `incident/${type}/${life}/${tone}/${scale}`;
export const stopImage = (look: StopLook, number: number | undefined) => `stop/${look}/${number ?? ''}`;
export const ARROW_IMAGE = 'arrow/route';
export const placeImage = (kind: 'depot' | 'landfill' | 'closure', scale = 1) => `place/${kind}/${scale}`;

interface Drawing {
  markup: string;
  sizePx: number;
  text?: { value: string; color: string };
}

function drawingOf(id: string, palette: Palette): Drawing {
  const [kind, a, b, c, d] = id.split('/') as [string, string, string, string, string];
  if (kind === 'incident') {
    const type = a as IncidentType;
    return {
      markup: incidentSvg(type, b as IncidentLife, c as Tone, palette),
      sizePx: INCIDENT_SIZE_PX[type] * Number(d),
    };
  }
  if (kind === 'stop') {
    const look = a as StopLook;
    const color =
      look === 'next' || look === 'moved'
        ? palette.onfill
        : look === 'late'
          ? palette.crit
          : look === 'risk'
            ? palette.risk
            : look === 'ghost'
              ? palette.t3
              : palette.t1;
    return {
      markup: stopSvg(look, '', palette),
      sizePx: STOP_SIZE_OF[look] ?? STOP_SIZE_PX,
      ...(b === '' ? {} : { text: { value: b, color } }),
    };
  }
  if (kind === 'arrow') return { markup: arrowSvg(palette.onfill), sizePx: 11 };
  const markup =
    a === 'depot' ? depotSvg(palette) : a === 'landfill' ? landfillSvg(palette) : closureSvg(palette);
  return { markup, sizePx: (a === 'closure' ? 26 : PLACE_SIZE_PX) * Number(b) };
}

async function rasterise(drawing: Drawing, pixelRatio: number): Promise<ImageData> {
  const side = Math.round(drawing.sizePx * pixelRatio);
  const image = new Image(side, side);
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgDocument(drawing.markup, side))}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = side;
  canvas.height = side;
  const context = canvas.getContext('2d');
  if (!context) throw new Error('no 2d canvas');
  context.drawImage(image, 0, 0, side, side);
  if (drawing.text && drawing.text.value !== '') {
    const { value, color } = drawing.text;
    const fontPx = (side / 32) * (value.length > 2 ? 11.5 : 15);
    context.font = `700 ${fontPx}px ${FONT}`;
    context.textAlign = 'center';
    context.textBaseline = 'alphabetic';
    context.fillStyle = color;
    context.fillText(value, side / 2, side / 2 + fontPx * 0.36);
  }
  return context.getImageData(0, 0, side, side);
}

export interface SignImages {
  /** Resolves when every id is in the atlas. */
  ensure(ids: Iterable<string>): Promise<void>;
  /** Draws everything again with other colours. */
  restyle(palette: Palette): Promise<void>;
}

/** One atlas a map. */
export function createSignImages(map: MapLike, initial: Palette): SignImages {
  let palette = initial;
  const pending = new Map<string, Promise<void>>();
  const pixelRatio =
    Math.min(3, Math.max(1, window.devicePixelRatio)) * (window.devicePixelRatio < 2 ? 2 : 1);
  const fontReady = document.fonts.load(`700 15px 'Inter Variable'`, '0').then(
    () => undefined,
    () => undefined,
  );

  async function add(id: string, colours: Palette): Promise<void> {
    await fontReady;
    const image = await rasterise(drawingOf(id, colours), pixelRatio);
    if (colours !== palette) return;
    map.removeImage(id);
    map.addImage(id, image, pixelRatio);
  }

  return {
    async ensure(ids) {
      const waits: Promise<void>[] = [];
      for (const id of new Set(ids)) {
        let wait = pending.get(id);
        if (wait === undefined) pending.set(id, (wait = add(id, palette)));
        waits.push(wait);
      }
      await Promise.all(waits);
    },
    async restyle(next) {
      palette = next;
      const ids = [...pending.keys()];
      for (const id of ids) pending.set(id, add(id, next));
      await Promise.all(pending.values());
    },
  };
}
