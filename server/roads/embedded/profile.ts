/**
 * A vehicle as the road rules see it. The numbers of `CAR` are those of OSRM's car profile (BSD-2-Clause, profiles/car.lua,
 * v6); `TRUCK` is the same set of rules for a 10 m, 16 t rear loader.
 */
export interface Profile {
  name: string;
  heightM: number;
  widthM: number;
  lengthM: number;
  weightKg: number;
  /** Cap on every speed, km/h. */
  maxSpeedKmh: number;
  turnPenaltyS: number;
  /** Above 1, left turns cost more than right ones (for driving on the right). */
  turnBias: number;
  uTurnPenaltyS: number;
  trafficSignalS: number;
  leftHandDriving: boolean;
}

export const CAR: Profile = {
  name: 'driving',
  heightM: 2,
  widthM: 1.9,
  lengthM: 4.8,
  weightKg: 2000,
  maxSpeedKmh: Infinity,
  turnPenaltyS: 7.5,
  turnBias: 1.075,
  uTurnPenaltyS: 20,
  trafficSignalS: 2,
  leftHandDriving: false,
};

export const TRUCK: Profile = {
  ...CAR,
  name: 'truck',
  heightM: 3.6,
  widthM: 2.5,
  lengthM: 9.5,
  weightKg: 16_000,
  maxSpeedKmh: 70,
  turnPenaltyS: 12,
  uTurnPenaltyS: 120,
};

export const PROFILES: readonly Profile[] = [CAR, TRUCK];

/** Share of a posted limit that is driven on average. */
export const LIMIT_SHARE = 0.8;
export const DEFAULT_SPEED_KMH = 10;

export const HIGHWAY_KMH: Readonly<Record<string, number>> = {
  motorway: 90,
  motorway_link: 45,
  trunk: 85,
  trunk_link: 40,
  primary: 65,
  primary_link: 30,
  secondary: 55,
  secondary_link: 25,
  tertiary: 40,
  tertiary_link: 20,
  unclassified: 25,
  residential: 25,
  living_street: 10,
  service: 15,
};

export const ROUTE_KMH: Readonly<Record<string, number>> = { ferry: 5, shuttle_train: 10 };
export const MOVABLE_BRIDGE_KMH = 5;

export const SURFACE_KMH: Readonly<Record<string, number>> = {
  cement: 80,
  compacted: 80,
  fine_gravel: 80,
  paving_stones: 60,
  metal: 60,
  bricks: 60,
  grass: 40,
  wood: 40,
  sett: 40,
  grass_paver: 40,
  gravel: 40,
  unpaved: 40,
  ground: 40,
  dirt: 40,
  pebblestone: 40,
  tartan: 40,
  cobblestone: 30,
  clay: 30,
  earth: 20,
  stone: 20,
  rocky: 20,
  sand: 20,
  mud: 10,
};

export const TRACKTYPE_KMH: Readonly<Record<string, number>> = {
  grade1: 60,
  grade2: 40,
  grade3: 30,
  grade4: 25,
  grade5: 20,
};

export const SMOOTHNESS_KMH: Readonly<Record<string, number>> = {
  intermediate: 80,
  bad: 40,
  very_bad: 20,
  horrible: 10,
  very_horrible: 5,
  impassable: 0,
};

export const SERVICE_FACTOR: Readonly<Record<string, number>> = {
  alley: 0.5,
  parking: 0.5,
  parking_aisle: 0.5,
  driveway: 0.5,
  'drive-through': 0.5,
  'drive-thru': 0.5,
};
export const SIDE_ROAD_FACTOR = 0.8;
export const ALTERNATING_FACTOR = 0.4;

export const LIMIT_BY_ZONE_DEFAULT: Readonly<Record<string, number>> = {
  urban: 50,
  rural: 90,
  trunk: 110,
  motorway: 130,
};

const MILES = 1.609;
export const LIMIT_BY_ZONE: Readonly<Record<string, number>> = {
  'at:rural': 100,
  'at:trunk': 100,
  'be:motorway': 120,
  'be-bru:rural': 70,
  'be-bru:urban': 30,
  'be-vlg:rural': 70,
  'by:urban': 60,
  'by:motorway': 110,
  'ch:rural': 80,
  'ch:trunk': 100,
  'ch:motorway': 120,
  'cz:trunk': 0,
  'cz:motorway': 0,
  'de:living_street': 7,
  'de:rural': 100,
  'de:motorway': 0,
  'dk:rural': 80,
  'fr:rural': 80,
  'gb:nsl_single': 60 * MILES,
  'gb:nsl_dual': 70 * MILES,
  'gb:motorway': 70 * MILES,
  'nl:rural': 80,
  'nl:trunk': 100,
  'no:rural': 80,
  'no:motorway': 110,
  'ph:urban': 40,
  'ph:rural': 80,
  'ph:motorway': 100,
  'pl:rural': 100,
  'pl:trunk': 120,
  'pl:motorway': 140,
  'ro:trunk': 100,
  'ru:living_street': 20,
  'ru:urban': 60,
  'ru:motorway': 110,
  'uk:nsl_single': 60 * MILES,
  'uk:nsl_dual': 70 * MILES,
  'uk:motorway': 70 * MILES,
  'za:urban': 60,
  'za:rural': 100,
  none: 140,
};

export const ACCESS_KEYS = ['motorcar', 'motor_vehicle', 'vehicle', 'access'] as const;
export const RESTRICTION_KEYS = ['motorcar', 'motor_vehicle', 'vehicle'] as const;
export const ACCESS_YES = new Set([
  'yes',
  'motorcar',
  'motor_vehicle',
  'vehicle',
  'permissive',
  'designated',
  'hov',
]);
export const ACCESS_NO = new Set([
  'no',
  'agricultural',
  'forestry',
  'emergency',
  'psv',
  'customers',
  'private',
  'delivery',
  'destination',
]);
export const ACCESS_RESTRICTED = new Set(['private', 'delivery', 'destination', 'customers']);
export const BARRIER_OPEN = new Set([
  'cattle_grid',
  'border_control',
  'toll_booth',
  'sally_port',
  'gate',
  'lift_gate',
  'no',
  'entrance',
  'height_restrictor',
  'arch',
]);
export const AVOID_HIGHWAY = new Set([
  'area',
  'reversible',
  'impassable',
  'steps',
  'construction',
  'proposed',
]);
export const CONSTRUCTION_OPEN = new Set(['no', 'widening', 'minor']);
