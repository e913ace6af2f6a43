import type { Role } from '../../../shared/actor.ts';
import type { AssignmentState, DriverState } from '../../../shared/fleet.ts';
import type { IncidentState } from '../../../shared/incident.ts';
import type { RouteState } from '../../../shared/plan.ts';

/** The words of the existing mobile app for ours. */
export const ESTADO_INCIDENCIA: Readonly<Record<IncidentState, string>> = {
  pending: 'pendiente',
  validated: 'validada',
  assigned: 'asignada',
  completed: 'completada',
  cancelled: 'cancelada',
};
export const ESTADO_RUTA: Readonly<Record<RouteState, string>> = {
  planned: 'planeada',
  running: 'en_ejecucion',
  done: 'completada',
  cancelled: 'cancelada',
};
export const ESTADO_ASIGNACION: Readonly<Record<AssignmentState, string>> = {
  assigned: 'asignado',
  started: 'iniciado',
  completed: 'completado',
  cancelled: 'cancelado',
};
export const ESTADO_CONDUCTOR: Readonly<Record<DriverState, string>> = {
  available: 'disponible',
  busy: 'ocupado',
  inactive: 'inactivo',
};

/** The app knows three kinds of person; the whole office is `admin` to it. */
export function tipoUsuario(role: Role): 'admin' | 'conductor' | 'ciudadano' {
  if (role === 'driver') return 'conductor';
  return role === 'citizen' ? 'ciudadano' : 'admin';
}

/** Our word for one of the app's. */
export function ours<Ours extends string>(
  words: Readonly<Record<Ours, string>>,
  theirs: string,
): Ours | null {
  const found = Object.entries(words).find(([, word]) => word === theirs);
  return found === undefined ? null : (found[0] as Ours);
}
