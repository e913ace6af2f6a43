/** The tokens a sign or a map layer draws with: CSS variables for lists, resolved colours for the map. */
const TOKEN_OF = {
  s0: '--s0',
  s1: '--s1',
  s2: '--s2',
  s3: '--s3',
  line: '--line',
  strong: '--strong',
  t1: '--t1',
  t2: '--t2',
  t3: '--t3',
  accent: '--accent',
  ok: '--ok',
  risk: '--risk',
  riskfill: '--riskfill',
  riskink: '--riskink',
  crit: '--crit',
  prop: '--prop',
  accentbg: '--accentbg',
  okbg: '--okbg',
  riskbg: '--riskbg',
  critbg: '--critbg',
  propbg: '--propbg',
  onfill: '--onfill',
  mark: '--mark',
  markInk: '--mark-ink',
  trail: '--trail',
  mapLand: '--map-land',
  mapUrban: '--map-urban',
  mapWater: '--map-water',
  mapPark: '--map-park',
  mapMinor: '--map-road-minor',
  mapStreet: '--map-road-street',
  mapCollector: '--map-road-collector',
  mapArterial: '--map-road-arterial',
  mapCasing: '--map-casing',
  mapLabel: '--map-label',
  mapHalo: '--map-halo',
} as const;

export type Palette = Readonly<Record<keyof typeof TOKEN_OF, string>>;

/** Colours as `var(--…)`: follow the theme by themselves. */
export const cssPalette: Palette = Object.fromEntries(
  Object.entries(TOKEN_OF).map(([key, token]) => [key, `var(${token})`]),
) as Record<keyof typeof TOKEN_OF, string>;

/** The colours now in force, resolved: what a canvas or a shader needs. Read again after a theme change. */
export function readPalette(element: Element = document.documentElement): Palette {
  const style = getComputedStyle(element);
  return Object.fromEntries(
    Object.entries(TOKEN_OF).map(([key, token]) => [key, style.getPropertyValue(token).trim()]),
  ) as Record<keyof typeof TOKEN_OF, string>;
}
