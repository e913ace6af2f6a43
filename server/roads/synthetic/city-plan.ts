import type { Spot } from './plane.ts';

/**
 * The hand-drawn part of the synthetic city: rivers, arterials and country roads as points they pass through,
 * in metres (see plane.ts). Arterials pass through the anchor corners that name them.
 */
export interface PlannedRoad {
  name: string;
  highway: string;
  through: readonly Spot[];
  ref?: string;
  maxspeed?: string;
  surface?: string;
  oneway?: true;
  /** How far the line may stray sideways between its points. */
  wanderM?: number;
}

export interface PlannedRiver {
  name: string;
  halfWidthM: number;
  through: readonly Spot[];
}

export const RIVERS: readonly PlannedRiver[] = [
  {
    name: 'Río Cutuchi',
    halfWidthM: 17,
    through: [
      [-1450, 9200],
      [-1300, 7600],
      [-1520, 6400],
      [-1180, 5300],
      [-1260, 4200],
      [-1010, 3300],
      [-1120, 2500],
      [-930, 1800],
      [-1020, 1050],
      [-960, 450],
      [-870, 0],
      [-830, -420],
      [-900, -950],
      [-1010, -1700],
      [-800, -2600],
      [-900, -3700],
      [-640, -4900],
      [-760, -6200],
      [-500, -7600],
      [-650, -9800],
    ],
  },
  {
    name: 'Río Yanayacu',
    halfWidthM: 8,
    through: [
      [9400, 6300],
      [6800, 5400],
      [4600, 4500],
      [3000, 3600],
      [1900, 2700],
      [1000, 1990],
      [300, 1700],
      [-350, 1660],
      [-960, 1480],
    ],
  },
  {
    name: 'Río Cunuyacu',
    halfWidthM: 7,
    through: [
      [9400, -900],
      [6500, -500],
      [4400, -1250],
      [2600, -980],
      [1300, -1080],
      [350, -1300],
      [-400, -1480],
      [-985, -1560],
    ],
  },
  {
    name: 'Río Pumacunchi',
    halfWidthM: 9,
    through: [
      [-6000, 9200],
      [-5300, 6500],
      [-4200, 4500],
      [-3450, 2700],
      [-3120, 1300],
      [-2850, -200],
      [-2450, -1500],
      [-1950, -2700],
      [-1350, -3400],
      [-890, -3600],
    ],
  },
];

/** Streets that carry the city: each crosses the rivers in its way by a bridge. */
export const ARTERIALS: readonly PlannedRoad[] = [
  {
    name: 'Av. Eloy Alfaro',
    ref: 'E35',
    highway: 'trunk',
    maxspeed: '60',
    through: [
      [-1560, 3300],
      [-1420, 2500],
      [-1330, 1700],
      [-1290, 1000],
      [-1235, 330],
      [-1200, -300],
      [-1260, -1000],
      [-1420, -1750],
      [-1330, -2600],
    ],
  },
  {
    name: 'Panamericana Norte',
    ref: 'E35',
    highway: 'trunk',
    maxspeed: '90',
    through: [
      [-1560, 3300],
      [-1750, 4500],
      [-2000, 5600],
      [-2250, 6800],
      [-2420, 8280],
    ],
  },
  {
    name: 'Panamericana Sur',
    ref: 'E35',
    highway: 'trunk',
    maxspeed: '90',
    through: [
      [-1330, -2600],
      [-1240, -3300],
      [-1300, -4300],
      [-1150, -5400],
      [-1220, -6800],
      [-1000, -8100],
      [-1050, -9400],
    ],
  },
  {
    name: 'Paso Lateral',
    ref: 'E35',
    highway: 'trunk',
    maxspeed: '90',
    through: [
      [-1980, 5500],
      [-2650, 4600],
      [-3020, 3300],
      [-2820, 2100],
      [-2720, 900],
      [-2560, -300],
      [-2200, -1350],
      [-1800, -2200],
      [-1290, -3500],
    ],
  },
  {
    name: 'Av. 5 de Junio',
    highway: 'primary',
    maxspeed: '50',
    through: [
      [-2720, 280],
      [-2250, 330],
      [-1827, 364],
      [-1637, 435],
      [-1430, 425],
      [-1235, 330],
      [-940, 205],
      [-700, 110],
      [-590, 80],
      [-519, 106],
    ],
  },
  {
    name: 'Av. Iberoamericana',
    highway: 'secondary',
    maxspeed: '50',
    through: [
      [-1990, 2350],
      [-1930, 1500],
      [-1850, 900],
      [-1827, 364],
      [-1800, -300],
      [-1690, -1000],
      [-1560, -1450],
      [-1380, -1640],
    ],
  },
  {
    name: 'Av. Manuel Terán',
    highway: 'tertiary',
    through: [
      [-1500, -330],
      [-1560, 60],
      [-1637, 435],
      [-1650, 800],
      [-1600, 1200],
    ],
  },
  {
    name: 'Av. Simón Rodríguez',
    highway: 'secondary',
    maxspeed: '50',
    through: [
      [-3300, 2440],
      [-2700, 2300],
      [-2244, 2122],
      [-1900, 2060],
      [-1370, 2080],
      [-1050, 2110],
      [-600, 1960],
    ],
  },
  {
    name: 'Av. Indoamérica',
    highway: 'tertiary',
    through: [
      [-2260, 1010],
      [-2120, 1380],
      [-2007, 1703],
      [-1985, 2090],
      [-2040, 2600],
    ],
  },
  {
    name: 'Av. Cotopaxi',
    highway: 'secondary',
    maxspeed: '50',
    through: [
      [132, 6],
      [128, 280],
      [92, 520],
      [25, 760],
      [-40, 1000],
      [-45, 1300],
      [10, 1620],
      [60, 1900],
    ],
  },
  {
    name: 'Av. Oriente',
    highway: 'secondary',
    maxspeed: '50',
    through: [
      [30, -66],
      [132, 6],
      [420, 75],
      [900, 120],
      [1350, 160],
      [1900, 120],
      [2350, 240],
    ],
  },
  {
    name: 'Av. Amazonas',
    highway: 'secondary',
    maxspeed: '50',
    through: [
      [-732, 800],
      [-775, 1010],
      [-790, 1250],
      [-760, 1600],
      [-600, 1960],
      [-520, 2160],
    ],
  },
  {
    name: 'Av. Atahualpa',
    highway: 'secondary',
    maxspeed: '50',
    through: [
      [-1235, -690],
      [-900, -640],
      [-480, -660],
      [-121, -594],
      [180, -560],
      [468, -450],
      [800, -330],
      [1290, -250],
    ],
  },
  {
    name: 'Quito',
    highway: 'tertiary',
    through: [
      [15, -395],
      [-50, -490],
      [-121, -594],
    ],
  },
  {
    name: 'Av. Rumiñahui',
    highway: 'secondary',
    maxspeed: '50',
    through: [
      [-560, -2750],
      [-380, -2000],
      [-150, -1400],
      [60, -800],
      [208, -450],
      [330, -420],
      [468, -408],
      [760, -210],
      [900, 120],
    ],
  },
  {
    name: 'Av. Unidad Nacional',
    highway: 'secondary',
    maxspeed: '50',
    through: [
      [24, -70],
      [66, -200],
      [208, -450],
      [330, -760],
      [420, -1150],
      [640, -1700],
      [760, -2300],
    ],
  },
  {
    name: 'Av. Trajano Naranjo',
    highway: 'secondary',
    maxspeed: '50',
    through: [
      [560, 1600],
      [760, 1180],
      [880, 700],
      [896, 175],
      [930, -230],
      [1080, -700],
      [1180, -1300],
    ],
  },
  {
    name: '11 de Noviembre',
    highway: 'tertiary',
    through: [
      [330, 250],
      [620, 240],
      [896, 175],
      [1280, 330],
      [1700, 520],
      [2150, 700],
    ],
  },
  {
    name: 'Av. Tahuantinsuyo',
    highway: 'tertiary',
    through: [
      [-45, 1200],
      [309, 1364],
      [560, 1600],
      [820, 1850],
      [1150, 2350],
    ],
  },
  {
    name: 'Av. Miguel Iturralde',
    highway: 'secondary',
    maxspeed: '50',
    through: [
      [-520, 2160],
      [-640, 2700],
      [-660, 3400],
      [-603, 4202],
      [-420, 4900],
      [-60, 5250],
    ],
  },
  {
    name: 'Av. San Agustín',
    highway: 'tertiary',
    through: [
      [60, 1900],
      [330, 2600],
      [300, 3500],
      [100, 4416],
      [-60, 5250],
      [0, 5600],
    ],
  },
  {
    name: 'Calle San Bartolomé',
    highway: 'tertiary',
    through: [
      [-603, 4202],
      [-200, 4330],
      [100, 4416],
      [600, 4420],
      [1100, 4600],
    ],
  },
  {
    name: 'Calle Bellavista',
    highway: 'tertiary',
    through: [
      [1290, -250],
      [1560, -480],
      [1900, -620],
      [2250, -560],
    ],
  },
  {
    name: 'Calle Loma Grande',
    highway: 'tertiary',
    through: [
      [760, 1180],
      [1150, 1060],
      [1600, 1120],
      [2050, 1000],
      [2330, 560],
      [2350, 240],
    ],
  },
];

/** Country roads: to the rural parishes, the landfill and out of the map. */
export const COUNTRY_ROADS: readonly PlannedRoad[] = [
  {
    name: 'Vía a Pujilí',
    ref: 'E30',
    highway: 'primary',
    maxspeed: '70',
    wanderM: 30,
    through: [
      [-1260, -1000],
      [-1690, -1010],
      [-2200, -1350],
      [-2900, -1900],
      [-4200, -2500],
      [-6500, -3600],
      [-9560, -4250],
    ],
  },
  {
    name: 'Vía a Inchapo',
    highway: 'unclassified',
    maxspeed: '30',
    surface: 'gravel',
    through: [
      [-4200, -2500],
      [-4330, -2180],
      [-4620, -2160],
      [-4700, -2330],
      [-4930, -2360],
      [-4980, -2080],
      [-4740, -1950],
      [-4800, -1760],
      [-5110, -1780],
      [-5300, -1980],
      [-5480, -1880],
      [-5440, -1690],
      [-5574, -1564],
    ],
  },
  {
    name: 'Vía a 11 de Noviembre',
    highway: 'tertiary',
    maxspeed: '50',
    wanderM: 35,
    through: [
      [-2720, 900],
      [-3300, 1150],
      [-4500, 1900],
      [-5600, 2500],
      [-6646, 2841],
    ],
  },
  {
    name: 'Vía a Poaló',
    highway: 'secondary',
    maxspeed: '60',
    wanderM: 35,
    through: [
      [-3300, 2440],
      [-4100, 3300],
      [-5100, 4300],
      [-6000, 5200],
      [-6650, 5755],
    ],
  },
  {
    name: 'Vía Poaló – 11 de Noviembre',
    highway: 'unclassified',
    surface: 'compacted',
    wanderM: 45,
    through: [
      [-6650, 5755],
      [-6900, 4600],
      [-6500, 3700],
      [-6646, 2841],
      [-6800, 1500],
      [-6300, 200],
      [-6650, -1200],
      [-6900, -2600],
      [-6500, -3600],
    ],
  },
  {
    name: 'Vía a Saquisilí',
    highway: 'secondary',
    maxspeed: '60',
    wanderM: 30,
    through: [
      [-2700, 2300],
      [-2900, 3400],
      [-3600, 5000],
      [-4000, 6600],
      [-4500, 8280],
    ],
  },
  {
    name: 'Vía a Guaytacama',
    highway: 'tertiary',
    maxspeed: '50',
    wanderM: 30,
    through: [
      [-2000, 5600],
      [-2700, 6500],
      [-3100, 7400],
      [-3300, 8280],
    ],
  },
  {
    name: 'Vía a Aláquez',
    highway: 'tertiary',
    maxspeed: '50',
    wanderM: 30,
    through: [
      [0, 5600],
      [650, 6300],
      [1300, 7100],
      [1872, 7880],
    ],
  },
  {
    name: 'Vía a Mulaló',
    highway: 'tertiary',
    maxspeed: '50',
    wanderM: 20,
    through: [
      [1872, 7880],
      [1650, 8280],
    ],
  },
  {
    name: 'Vía Aláquez – Panamericana',
    highway: 'unclassified',
    surface: 'compacted',
    wanderM: 30,
    through: [
      [1872, 7880],
      [400, 7700],
      [-900, 7300],
      [-2250, 6800],
    ],
  },
  {
    name: 'Vía a Joseguango',
    highway: 'unclassified',
    surface: 'compacted',
    wanderM: 40,
    through: [
      [1100, 4600],
      [2000, 5500],
      [2700, 6700],
      [1872, 7880],
    ],
  },
  {
    name: 'Vía a Colaya',
    highway: 'unclassified',
    surface: 'gravel',
    wanderM: 60,
    through: [
      [2700, 6700],
      [4300, 6350],
      [6300, 6700],
      [8700, 7300],
    ],
  },
  {
    name: 'Vía a Yugsiloma',
    highway: 'unclassified',
    surface: 'compacted',
    wanderM: 50,
    through: [
      [1150, 2350],
      [2100, 3300],
      [3500, 4300],
      [4300, 6350],
    ],
  },
  {
    name: 'Vía a Pintze',
    highway: 'unclassified',
    surface: 'gravel',
    wanderM: 60,
    through: [
      [2330, 560],
      [3400, 1250],
      [4700, 1600],
      [6200, 2500],
      [8000, 2700],
      [9100, 3300],
    ],
  },
  {
    name: 'Vía Palopo',
    highway: 'unclassified',
    surface: 'compacted',
    maxspeed: '40',
    wanderM: 50,
    through: [
      [2250, -560],
      [3300, -330],
      [4600, -700],
      [6000, -1500],
      [7635, -1976],
      [9100, -2500],
    ],
  },
  {
    name: 'Vía a Belisario Quevedo',
    highway: 'tertiary',
    maxspeed: '50',
    wanderM: 35,
    through: [
      [-1290, -4350],
      [-600, -4500],
      [700, -4900],
      [2000, -5250],
      [3184, -5690],
    ],
  },
  {
    name: 'Vía San Martín – Belisario Quevedo',
    highway: 'unclassified',
    surface: 'compacted',
    wanderM: 45,
    through: [
      [760, -2300],
      [1300, -3200],
      [1900, -4200],
      [3184, -5690],
    ],
  },
  {
    name: 'Vía a Illuchi',
    highway: 'unclassified',
    surface: 'gravel',
    wanderM: 60,
    through: [
      [3184, -5690],
      [4500, -4600],
      [5300, -3100],
      [6000, -1500],
    ],
  },
  {
    name: 'Vía a Cumbijín',
    highway: 'unclassified',
    surface: 'gravel',
    wanderM: 60,
    through: [
      [4500, -4600],
      [5900, -5900],
      [7300, -7000],
      [8700, -8700],
    ],
  },
  {
    name: 'Vía a Salache',
    highway: 'unclassified',
    surface: 'compacted',
    wanderM: 45,
    through: [
      [-1150, -5400],
      [-2400, -6500],
      [-2900, -7700],
      [-3600, -9300],
    ],
  },
  {
    name: 'Vía Salache – Pujilí',
    highway: 'unclassified',
    surface: 'dirt',
    wanderM: 60,
    through: [
      [-2400, -6500],
      [-3900, -5600],
      [-4700, -4200],
      [-4200, -2500],
    ],
  },
  {
    name: 'Vía a Salcedo',
    highway: 'unclassified',
    surface: 'compacted',
    wanderM: 40,
    through: [
      [3184, -5690],
      [2600, -6900],
      [1500, -8100],
      [900, -9350],
    ],
  },
];

/** The railway runs beside the Panamericana and calls at La Estación. */
export const RAILWAY: readonly Spot[] = [
  [-2620, 8320],
  [-2400, 6500],
  [-1960, 4700],
  [-1700, 3300],
  [-1480, 2000],
  [-1400, 900],
  [-1360, 100],
  [-1340, -500],
  [-1400, -1200],
  [-1550, -1900],
  [-1450, -2800],
  [-1450, -4300],
  [-1350, -6000],
  [-1400, -7500],
  [-1250, -9440],
];

export const AIRPORT: readonly Spot[] = [
  [-330, 2180],
  [-60, 2230],
  [130, 3950],
  [-250, 3980],
];
export const RUNWAY: readonly Spot[] = [
  [-165, 2270],
  [-120, 2266],
  [-40, 3890],
  [-85, 3894],
];

export const LANDFILL: Spot = [-5574, -1564];

/** Grounds no street crosses. */
export interface OpenGround {
  name: string;
  ring: readonly Spot[];
  tags: Readonly<Record<string, string>>;
}

export const OPEN_GROUNDS: readonly OpenGround[] = [
  { name: 'Aeropuerto Internacional Cotopaxi', ring: AIRPORT, tags: { aeroway: 'aerodrome' } },
  {
    name: 'Parque Náutico La Laguna',
    ring: [
      [-480, 1250],
      [-300, 1215],
      [-165, 1265],
      [-150, 1390],
      [-260, 1450],
      [-450, 1425],
    ],
    tags: { leisure: 'park' },
  },
  {
    name: 'Estadio La Cocha',
    ring: [
      [470, 1180],
      [610, 1245],
      [545, 1400],
      [405, 1330],
    ],
    tags: { leisure: 'stadium' },
  },
  {
    name: 'Cementerio General',
    ring: [
      [1010, -300],
      [1190, -320],
      [1210, -480],
      [1040, -500],
    ],
    tags: { landuse: 'cemetery' },
  },
  {
    name: 'Mercado Mayorista',
    ring: [
      [-690, -860],
      [-500, -850],
      [-510, -1010],
      [-700, -1020],
    ],
    tags: { landuse: 'retail' },
  },
  {
    name: 'Universidad Técnica de Cotopaxi',
    ring: [
      [-2230, -20],
      [-1990, -10],
      [-1970, 210],
      [-2210, 220],
    ],
    tags: { amenity: 'university' },
  },
  {
    name: 'Parque La Estación',
    ring: [
      [-1385, -30],
      [-1270, -25],
      [-1275, 130],
      [-1380, 130],
    ],
    tags: { leisure: 'park' },
  },
  {
    name: 'Parque Ecológico Yanayacu',
    ring: [
      [640, 1720],
      [980, 1820],
      [1000, 1930],
      [620, 1810],
    ],
    tags: { leisure: 'park' },
  },
];

export const LAGOON: readonly Spot[] = [
  [-430, 1300],
  [-350, 1265],
  [-260, 1275],
  [-205, 1320],
  [-225, 1375],
  [-300, 1410],
  [-390, 1390],
  [-440, 1350],
];
