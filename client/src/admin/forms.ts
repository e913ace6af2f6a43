/** The forms of the administration as data: their fields, and how what was typed becomes an input. Pure. */
import { z } from 'zod';
import { ROLES } from '../../../shared/actor.ts';
import {
  cedula,
  createTruckInput,
  LICENCES,
  plate,
  registerDeviceInput,
  TRUCK_TYPES,
  truckType,
  licence,
} from '../../../shared/fleet.ts';
import { ZONES, zone } from '../../../shared/rules.ts';

export interface Field {
  name: string;
  kind: 'text' | 'password' | 'email' | 'number' | 'select';
  /** Values of a select; an empty one stands first when the field is optional. */
  options?: readonly string[];
  optional?: boolean;
  step?: string;
  /** What one of the typed unit is in the input: hours are typed, seconds are kept. */
  scale?: number;
}

/** Each form's input is what its schema yields. */
export interface FormSpec<Input> {
  fields: readonly Field[];
  schema: z.ZodType<Input> & { shape: Record<string, z.ZodType> };
}

export type Typed = Record<string, string>;

/** A word of `admin.invalid`. */
export type Fault =
  | 'required'
  | 'cedula'
  | 'plate'
  | 'username'
  | 'password'
  | 'email'
  | 'number'
  | 'uniqueId'
  | 'range'
  | 'invalid';

export type Reading<Input> =
  { ok: true; input: Input } | { ok: false; faults: Readonly<Record<string, Fault>> };

const OWN_WORDS: ReadonlySet<string> = new Set([
  'cedula',
  'plate',
  'username',
  'password',
  'email',
  'uniqueId',
]);

/** A number as people here type it: comma or point. NaN for what is none. */
export function readNumber(text: string): number {
  const clean = text.trim().replace(',', '.');
  return /^-?\d+(\.\d+)?$/.test(clean) ? Number(clean) : Number.NaN;
}

function valueOf(field: Field, text: string): unknown {
  if (text.trim() === '') return undefined;
  if (field.kind === 'number') {
    return field.scale === undefined ? readNumber(text) : Math.round(readNumber(text) * field.scale);
  }
  if (field.kind === 'select' && field.name.endsWith('Id')) return Number(text);
  return field.kind === 'password' ? text : text.trim();
}

function faultOf(field: Field, text: string, code: string): Fault {
  if (text.trim() === '') return 'required';
  if (OWN_WORDS.has(field.name)) return field.name as Fault;
  if (field.kind === 'number') return Number.isNaN(readNumber(text)) ? 'number' : 'range';
  return code === 'too_big' || code === 'too_small' ? 'range' : 'invalid';
}

/** Reads a form by its schema; what is left empty is absent. */
export function readForm<Input>(spec: FormSpec<Input>, typed: Typed): Reading<Input> {
  const given = Object.fromEntries(
    spec.fields.flatMap((field) => {
      const value = valueOf(field, typed[field.name] ?? '');
      return value === undefined ? [] : [[field.name, value]];
    }),
  );
  const parsed = spec.schema.safeParse(given);
  if (parsed.success) return { ok: true, input: parsed.data };
  // Field by field: an object stops at the first kind of trouble, and people want to see them all.
  const faults: Record<string, Fault> = {};
  for (const field of spec.fields) {
    const read = spec.schema.shape[field.name]?.safeParse(given[field.name]);
    const code = read?.error?.issues[0]?.code;
    if (code !== undefined) faults[field.name] = faultOf(field, typed[field.name] ?? '', code);
  }
  return { ok: false, faults };
}

const username = z
  .string()
  .toLowerCase()
  .min(3)
  .max(64)
  .regex(/^[a-z0-9._-]+$/);
const password = z.string().min(8).max(200);
const email = z.email().max(200).optional();
const lat = z.number().min(-90).max(90);
const lon = z.number().min(-180).max(180);

const NAME: Field = { name: 'name', kind: 'text' };
const USERNAME: Field = { name: 'username', kind: 'text' };
const PASSWORD: Field = { name: 'password', kind: 'password' };
const EMAIL: Field = { name: 'email', kind: 'email', optional: true };
const ZONE: Field = { name: 'zone', kind: 'select', options: ZONES, optional: true };
const PREFERENCE: Field = { name: 'zonePreference', kind: 'select', options: ZONES, optional: true };

/** Drivers are made with their licence, in their own form. */
const OFFICE_ROLES = ROLES.filter((role) => role !== 'driver');
const role = z.enum(['admin', 'supervisor', 'operator', 'citizen']);

export const NEW_USER = {
  fields: [USERNAME, PASSWORD, { name: 'role', kind: 'select', options: OFFICE_ROLES }, EMAIL],
  schema: z.object({ username, password, role, email }),
} satisfies FormSpec<unknown>;

export const NEW_PASSWORD = {
  fields: [PASSWORD],
  schema: z.object({ password }),
} satisfies FormSpec<unknown>;

export const USER_ROLE = {
  fields: [{ name: 'role', kind: 'select', options: OFFICE_ROLES }, EMAIL],
  schema: z.object({ role, email }),
} satisfies FormSpec<unknown>;

/** Left empty, the rules' shift holds. */
const SHIFT: Field = { name: 'shiftS', kind: 'number', optional: true, step: 'any', scale: 3_600 };
const OVERTIME: Field = { name: 'overtimeMaxS', kind: 'number', optional: true, scale: 60 };
const shiftS = z.number().int().min(3_600).max(86_400).optional();
const overtimeMaxS = z.number().int().min(0).max(43_200).optional();

/** Seconds as the forms show them. */
export const inUnit = (seconds: number | null, unitS: number): string =>
  seconds === null ? '' : String(Math.round((seconds / unitS) * 100) / 100);

const TRUCK_FIELDS: Field[] = [
  { name: 'plate', kind: 'text' },
  { name: 'type', kind: 'select', options: TRUCK_TYPES },
  { name: 'capacity', kind: 'number', optional: true, step: 'any' },
  ZONE,
];
export const NEW_TRUCK = { fields: TRUCK_FIELDS, schema: createTruckInput } satisfies FormSpec<unknown>;
export const EDIT_TRUCK = {
  fields: [...TRUCK_FIELDS, SHIFT, OVERTIME],
  schema: z.object({
    plate,
    type: truckType,
    capacity: z.number().positive().max(1_000),
    zone: zone.optional(),
    shiftS,
    overtimeMaxS,
  }),
} satisfies FormSpec<unknown>;

export const OUT_REASON = {
  fields: [{ name: 'reason', kind: 'text', optional: true }],
  schema: z.object({ reason: z.string().max(500).optional() }),
} satisfies FormSpec<unknown>;

/** Its trucks are filled in when it is shown. */
export const newDevice = (truckIds: readonly string[]) =>
  ({
    fields: [
      { name: 'truckId', kind: 'select', options: truckIds },
      NAME,
      { name: 'kind', kind: 'select', options: ['tracker', 'phone'] },
      { name: 'uniqueId', kind: 'text', optional: true },
    ],
    schema: registerDeviceInput,
  }) satisfies FormSpec<unknown>;

export const movedDevice = (truckIds: readonly string[]) =>
  ({
    fields: [{ name: 'truckId', kind: 'select', options: truckIds }],
    schema: registerDeviceInput.pick({ truckId: true }),
  }) satisfies FormSpec<unknown>;

export const NEW_TOKEN = {
  fields: [NAME],
  schema: z.object({ name: z.string().min(1).max(100) }),
} satisfies FormSpec<unknown>;

const phone = z.string().min(5).max(30).optional();
const DRIVER_FIELDS: Field[] = [
  NAME,
  { name: 'licence', kind: 'select', options: LICENCES },
  { name: 'phone', kind: 'text', optional: true },
  PREFERENCE,
];
const driverName = z.string().min(1).max(120);
export const NEW_DRIVER = {
  fields: [{ name: 'cedula', kind: 'text' }, ...DRIVER_FIELDS, EMAIL, USERNAME, PASSWORD],
  schema: z.object({
    cedula,
    name: driverName,
    licence,
    phone,
    zonePreference: zone.optional(),
    email,
    username,
    password,
  }),
} satisfies FormSpec<unknown>;
export const EDIT_DRIVER = {
  fields: [...DRIVER_FIELDS, SHIFT],
  schema: z.object({ name: driverName, licence, phone, zonePreference: zone.optional(), shiftS }),
} satisfies FormSpec<unknown>;

export const CONTAINER = {
  fields: [
    { name: 'code', kind: 'text' },
    { name: 'lat', kind: 'number', step: 'any' },
    { name: 'lon', kind: 'number', step: 'any' },
    { name: 'load', kind: 'number', optional: true, step: 'any' },
    { name: 'everyDays', kind: 'number', optional: true },
    { name: 'address', kind: 'text', optional: true },
  ],
  schema: z.object({
    code: z.string().min(1).max(40),
    lat,
    lon,
    load: z.number().min(0).max(100).optional(),
    everyDays: z.number().int().min(1).max(60).optional(),
    address: z.string().min(1).max(200).optional(),
  }),
} satisfies FormSpec<unknown>;
