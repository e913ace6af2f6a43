/**
 * The signs of SCREENS.md as SVG markup: one drawing, shown inline in lists and rasterised for the map. Every
 * argument is a word of ours or a number, never a person's text, so the markup is safe to insert.
 */
import { bodies } from 'virtual:tabler-icons';
import type { IncidentType } from '../../../shared/incident.ts';
import type { Palette } from './palette.ts';

export type Tone = 'neutral' | 'risk' | 'crit' | 'prop' | 'accent' | 'ok';
export type IncidentLife = 'pending' | 'active';
export type StopLook = 'done' | 'failed' | 'next' | 'planned' | 'late' | 'risk' | 'moved' | 'ghost' | 'later';

/** Side of the square viewBox of every sign. */
export const SIGN_BOX = 32;

/** Size on the map in CSS pixels: severity is size. */
export const INCIDENT_SIZE_PX: Readonly<Record<IncidentType, number>> = {
  acopio: 22,
  zona_critica: 27,
  animal_muerto: 30,
};

const INCIDENT_OUTLINE: Readonly<Record<IncidentType, string>> = {
  acopio: '<rect x="2.5" y="2.5" width="27" height="27" rx="6"',
  zona_critica: '<path d="M16 3.2 30.2 28.4H1.8Z" stroke-linejoin="round"',
  animal_muerto: '<path d="M16 1.6 30.4 16 16 30.4 1.6 16Z" stroke-linejoin="round"',
};

const INCIDENT_GLYPH: Readonly<Record<IncidentType, { icon: string; x: number; y: number; scale: number }>> =
  {
    acopio: { icon: 'trash', x: 6.4, y: 6.2, scale: 0.8 },
    zona_critica: { icon: 'biohazard', x: 8.2, y: 11, scale: 0.65 },
    animal_muerto: { icon: 'paw', x: 7.6, y: 7.4, scale: 0.7 },
  };

function glyph(icon: string, x: number, y: number, scale: number, color: string, weight = 2): string {
  const body = (bodies[icon] ?? '').replaceAll('stroke-width="2"', `stroke-width="${weight}"`);
  return `<g transform="translate(${x} ${y}) scale(${scale})" color="${color}">${body}</g>`;
}

function toneColor(tone: Tone, palette: Palette): string {
  return tone === 'neutral' ? palette.mark : tone === 'risk' ? palette.riskfill : palette[tone];
}

function toneInk(tone: Tone, palette: Palette): string {
  return tone === 'neutral' ? palette.markInk : tone === 'risk' ? palette.riskink : palette.onfill;
}

/** Incident: shape by type, dashed and empty while pending, filled afterwards, colour by its promise. */
export function incidentSvg(type: IncidentType, life: IncidentLife, tone: Tone, palette: Palette): string {
  const color = toneColor(tone, palette);
  const outline = INCIDENT_OUTLINE[type];
  const { icon, x, y, scale } = INCIDENT_GLYPH[type];
  if (life === 'pending') {
    return (
      `${outline} fill="${palette.s1}" fill-opacity="0.72" stroke="${color}" stroke-width="2.4" stroke-dasharray="3.4 2.8"/>` +
      glyph(icon, x, y, scale, color, 2.2)
    );
  }
  return (
    `${outline} fill="${color}" stroke="${palette.mapHalo}" stroke-width="1.6"/>` +
    glyph(icon, x, y, scale, toneInk(tone, palette), 2.4)
  );
}

/** Stop: ring, tick, cross or number by state. `label` is its number since the last landfill. */
export function stopSvg(look: StopLook, label: string, palette: Palette, square = false): string {
  const text = (color: string) =>
    `<text x="16" y="21.2" text-anchor="middle" font-family="Inter Variable, Inter, sans-serif" font-weight="700" font-size="${label.length > 2 ? 11.5 : 14.5}" fill="${color}">${label}</text>`;
  const disc = (fill: string, stroke: string, extra = '') =>
    square
      ? `<rect x="5" y="5" width="22" height="22" rx="4" fill="${fill}" stroke="${stroke}" stroke-width="2.6" ${extra}/>`
      : `<circle cx="16" cy="16" r="11.5" fill="${fill}" stroke="${stroke}" stroke-width="2.6" ${extra}/>`;
  const badge = (color: string) =>
    `<circle cx="26" cy="6" r="5.4" fill="${color}" stroke="${palette.s1}" stroke-width="1.2"/>` +
    `<path d="M26 3.4V6.4H28" fill="none" stroke="${palette.onfill}" stroke-width="1.4" stroke-linecap="round"/>`;
  switch (look) {
    case 'done':
      return (
        disc(palette.s1, palette.ok) +
        `<path d="m10.8 16.2 3.6 3.6 6.8-7.2" fill="none" stroke="${palette.ok}" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"/>`
      );
    case 'failed':
      return (
        `<rect x="6" y="6" width="20" height="20" rx="3" fill="${palette.critbg}" stroke="${palette.crit}" stroke-width="2.2"/>` +
        `<path d="m11.5 11.5 9 9m0-9-9 9" stroke="${palette.crit}" stroke-width="2.4" stroke-linecap="round"/>`
      );
    case 'next':
      return (
        `<circle cx="16" cy="16" r="14.8" fill="none" stroke="${palette.accent}" stroke-width="1.6" stroke-dasharray="2.6 2.2"/>` +
        `<circle cx="16" cy="16" r="11" fill="${palette.accent}"/>` +
        text(palette.onfill)
      );
    case 'planned':
      return disc(palette.s1, palette.accent) + text(palette.t1);
    case 'late':
      return disc(palette.s1, palette.crit) + text(palette.crit) + badge(palette.crit);
    case 'risk':
      return disc(palette.s1, palette.risk) + text(palette.risk) + badge(palette.riskfill);
    case 'moved':
      return disc(palette.prop, palette.prop) + text(palette.onfill);
    case 'later':
      return `<circle cx="16" cy="16" r="9" fill="${palette.s1}" stroke="${palette.accent}" stroke-width="4"/>`;
    case 'ghost':
      return disc('none', palette.t3, 'stroke-dasharray="3 2.6"') + text(palette.t3);
  }
}

/** Depot: a rounded square with the warehouse. */
export function depotSvg(palette: Palette): string {
  return (
    `<rect x="3" y="3" width="26" height="26" rx="7" fill="${palette.s1}" stroke="${palette.mark}" stroke-width="2"/>` +
    glyph('building-warehouse', 7.2, 7.2, 0.73, palette.t1)
  );
}

/** Landfill: the trapezoid of the board, with its mountain. */
export function landfillSvg(palette: Palette): string {
  return (
    `<path d="M2 6h28l-4.5 20h-19Z" fill="${palette.s1}" stroke="${palette.mark}" stroke-width="2" stroke-linejoin="round"/>` +
    glyph('mountain', 8.4, 8, 0.64, palette.t1)
  );
}

/** Closed street: ring with a bar. */
export function closureSvg(palette: Palette): string {
  return (
    `<circle cx="16" cy="16" r="12" fill="${palette.s1}" stroke="${palette.crit}" stroke-width="3"/>` +
    `<path d="M10 16h12" stroke="${palette.crit}" stroke-width="3.4" stroke-linecap="round"/>`
  );
}

/** Direction of travel along a driven line; points east, as line symbols are turned from there. */
export function arrowSvg(color: string): string {
  return `<path d="m9 5 14 11L9 27" fill="none" stroke="${color}" stroke-width="6" stroke-linecap="round" stroke-linejoin="round"/>`;
}

/** Wraps a sign's markup into a complete document of `size` CSS pixels. */
export function svgDocument(markup: string, size: number): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIGN_BOX} ${SIGN_BOX}" width="${size}" height="${size}">${markup}</svg>`;
}
