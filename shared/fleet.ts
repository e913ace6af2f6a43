import { z } from 'zod';
import { DomainError } from './errors.ts';
import { zone } from './rules.ts';

export const TRUCK_TYPES = ['lateral', 'posterior'] as const;
export const truckType = z.enum(TRUCK_TYPES);
export type TruckType = z.infer<typeof truckType>;

/** `out` = broken down or in the workshop: takes no stops until it returns. */
export const TRUCK_STATES = ['available', 'out', 'retired'] as const;
export const truckState = z.enum(TRUCK_STATES);
export type TruckState = z.infer<typeof truckState>;

/**
 * What a re-plan may do with a truck in service: `open` anything; `locked` nothing, its route stays as it is;
 * `excluded` give it no new work.
 */
export const TRUCK_PLANNINGS = ['open', 'locked', 'excluded'] as const;
export const truckPlanning = z.enum(TRUCK_PLANNINGS);
export type TruckPlanning = z.infer<typeof truckPlanning>;

export const LICENCES = ['C', 'D', 'E'] as const;
export const licence = z.enum(LICENCES);
export type Licence = z.infer<typeof licence>;

export const DRIVER_STATES = ['available', 'busy', 'inactive'] as const;
export const driverState = z.enum(DRIVER_STATES);
export type DriverState = z.infer<typeof driverState>;

export const ASSIGNMENT_STATES = ['assigned', 'started', 'completed', 'cancelled'] as const;
export const assignmentState = z.enum(ASSIGNMENT_STATES);
export type AssignmentState = z.infer<typeof assignmentState>;

const ASSIGNMENT_TRANSITIONS: Readonly<Record<AssignmentState, readonly AssignmentState[]>> = {
  assigned: ['started', 'cancelled'],
  started: ['completed', 'cancelled'],
  completed: [],
  cancelled: [],
};

/** @throws DomainError `invalid-transition` */
export function assertAssignmentTransition(from: AssignmentState, to: AssignmentState): void {
  if (!ASSIGNMENT_TRANSITIONS[from].includes(to)) {
    throw new DomainError('invalid-transition', `An assignment cannot go from ${from} to ${to}.`, {
      from,
      to,
    });
  }
}

/** A plate as it is painted: Ecuador's are three letters, a dash and digits, but a hired truck may have another. */
export const plate = z
  .string()
  .trim()
  .toUpperCase()
  .regex(/^[A-Z0-9][A-Z0-9 -]{1,11}$/, 'A plate has 2 to 12 letters, digits, dashes or spaces.');

export const createTruckInput = z.object({
  plate,
  type: truckType,
  capacity: z.number().positive().max(1_000).optional(),
  zone: zone.nullable().optional(),
});
export type CreateTruckInput = z.infer<typeof createTruckInput>;

export const truckView = z.object({
  id: z.number().int(),
  plate: z.string(),
  type: truckType,
  state: truckState,
  capacity: z.number(),
  loadAboard: z.number(),
  zone: zone.nullable(),
  planning: truckPlanning,
  /** Its own length of shift and overtime; null = the rules'. */
  shiftS: z.number().int().nullable(),
  overtimeMaxS: z.number().int().nullable(),
  /** Since when it is out of service; null while it is not. */
  outSince: z.string().nullable(),
  routeId: z.number().int().nullable(),
  driverName: z.string().nullable(),
  devices: z.array(
    z.object({
      id: z.number().int(),
      name: z.string(),
      uniqueId: z.string().nullable(),
      revokedAt: z.string().nullable(),
      lastSeenAt: z.string().nullable(),
    }),
  ),
});
export type TruckView = z.infer<typeof truckView>;

export const registerDeviceInput = z.object({
  truckId: z.number().int().positive(),
  name: z.string().trim().min(1).max(100),
  uniqueId: z
    .string()
    .trim()
    .min(1)
    .max(64)
    .regex(/^[\w.:-]+$/)
    .optional(),
  kind: z.enum(['tracker', 'phone']).optional(),
});

/**
 * Check digit of an Ecuadorian cédula (modulus 10: odd positions doubled, nines cast out; the first two digits
 * name a province, 01–24 or 30; the third is below 6). Source: Registro Civil's published rule.
 */
export function isCedula(value: string): boolean {
  if (!/^\d{10}$/.test(value)) return false;
  const digits = [...value].map(Number);
  const province = digits[0]! * 10 + digits[1]!;
  if (!((province >= 1 && province <= 24) || province === 30) || digits[2]! > 5) return false;
  let sum = 0;
  for (let i = 0; i < 9; i++) {
    const doubled = i % 2 === 0 ? digits[i]! * 2 : digits[i]!;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return (10 - (sum % 10)) % 10 === digits[9];
}

export const cedula = z.string().trim().refine(isCedula, 'The cédula is not valid.');

export const driverView = z.object({
  id: z.number().int(),
  userId: z.number().int(),
  name: z.string(),
  username: z.string(),
  cedula: z.string(),
  phone: z.string().nullable(),
  licence,
  state: driverState,
  zonePreference: zone.nullable(),
  /** The longest shift this driver works; null = the rules'. */
  shiftS: z.number().int().nullable(),
});
export type DriverView = z.infer<typeof driverView>;

export const assignmentView = z.object({
  id: z.number().int(),
  routeId: z.number().int(),
  driverId: z.number().int(),
  driverName: z.string(),
  truckId: z.number().int(),
  state: assignmentState,
  assignedAt: z.string(),
  scheduledStart: z.string().nullable(),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  notes: z.string().nullable(),
});
export type AssignmentView = z.infer<typeof assignmentView>;
