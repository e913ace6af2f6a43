import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { SYSTEM, type Actor } from '../../../shared/actor.ts';
import { DomainError } from '../../../shared/errors.ts';
import type { RouteState, RouteView } from '../../../shared/plan.ts';
import { encodePolyline } from '../../../shared/polyline.ts';
import { zone, type Zone } from '../../../shared/rules.ts';
import { currentPlan } from '../../dispatch/current-plan.ts';
import { generate } from '../../dispatch/generate.ts';
import { planningsOf } from '../../dispatch/plannings.ts';
import { finishAssignment } from '../../fleet/assignment-finish.ts';
import { startAssignment } from '../../fleet/assignment-start.ts';
import { listAssignments } from '../../fleet/list-assignments.ts';
import { listTrucks } from '../../fleet/list-trucks.ts';
import { getIncident } from '../../incidents/get.ts';
import type { UserActor } from '../context.ts';
import { dispatchOf, type Services } from '../services.ts';
import { pathId, readPart, serveForApp } from './app-scope.ts';
import { toIncidencia } from './incidencia-view.ts';
import { ESTADO_INCIDENCIA, ESTADO_RUTA, ours } from './words.ts';

/** From the least finished to the most. */
const PROGRESS: readonly RouteState[] = ['planned', 'running', 'done', 'cancelled'];
const KIND = {
  depot: 'deposito',
  incident: 'incidencia',
  container: 'contenedor',
  disposal: 'botadero',
} as const;

/** The truck routes made for one zone in one planning: what the app calls a route. Its id is that of the first. */
export interface Ruta {
  id: number;
  zone: Zone;
  createdAt: string;
  routes: RouteView[];
}

export async function rutasOf(services: Services, actor: Actor = SYSTEM): Promise<Ruta[]> {
  const { routes } = await currentPlan(services.store, actor);
  const plannings = await planningsOf(services.store.database);
  const groups = new Map<number, Ruta>();
  for (const route of routes) {
    const planning = plannings.get(route.id);
    if (planning === undefined) continue;
    const group = groups.get(planning.firstRouteId);
    if (group) group.routes.push(route);
    else {
      groups.set(planning.firstRouteId, {
        id: planning.firstRouteId,
        zone: route.zone,
        createdAt: planning.createdAt.toISOString(),
        routes: [route],
      });
    }
  }
  return [...groups.values()].sort((a, b) => b.id - a.id);
}

const stateOf = (ruta: Ruta): RouteState =>
  PROGRESS.find((state) => ruta.routes.some((route) => route.state === state)) ?? 'planned';

/** Hours, minutes and seconds as the app reads them. */
export function duracion(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${Math.floor(whole / 3_600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

export function toRuta(ruta: Ruta) {
  const work = ruta.routes.flatMap((route) => route.stops.filter((stop) => stop.kind === 'incident'));
  return {
    id: ruta.id,
    zona: ruta.zone,
    estado: ESTADO_RUTA[stateOf(ruta)],
    suma_gravedad: work.reduce((sum, stop) => sum + (stop.severity ?? stop.load), 0),
    camiones_usados: ruta.routes.length,
    duracion_estimada: duracion(Math.max(0, ...ruta.routes.map((route) => route.duration))),
    costo_total_metros: Math.round(ruta.routes.reduce((sum, route) => sum + route.distance, 0)),
    fecha_generacion: ruta.createdAt,
  };
}

/** The zone's route that has not started, if there is one. */
export async function firstRutaOf(services: Services, of: Zone) {
  const ruta = (await rutasOf(services)).find((one) => one.zone === of && stateOf(one) === 'planned');
  return ruta === undefined ? null : toRuta(ruta);
}

const polylineOf = (route: RouteView) => encodePolyline(route.geometry.coordinates);

/** A route with its stops in order and its line, as the app draws it. */
export async function toRutaConPuntos(services: Services, ruta: Ruta) {
  const types = new Map((await listTrucks(services.store)).map((truck) => [truck.id, truck.type]));
  const puntos = [];
  let sequence = 0;
  for (const route of ruta.routes) {
    for (const stop of route.stops) {
      const incident =
        stop.incidentId === undefined ? null : await getIncident(services.store, stop.incidentId);
      puntos.push({
        id: stop.id,
        secuencia: ++sequence,
        tipo_punto: KIND[stop.kind],
        lat: stop.lat,
        lon: stop.lon,
        tipo_camion: types.get(route.truckId) ?? null,
        camion_id: route.truckId,
        llegada_estimada: stop.eta,
        tiempo_servicio: stop.serviceS,
        carga_acumulada: stop.loadAfter,
        ...(incident === null
          ? {}
          : {
              incidencia_id: incident.id,
              tipo_incidencia: incident.type,
              gravedad: incident.severity,
              descripcion: incident.description,
              foto_url: toIncidencia(incident).foto_url,
              estado_incidencia: ESTADO_INCIDENCIA[incident.state],
            }),
      });
    }
  }
  return {
    ...toRuta(ruta),
    puntos,
    polyline: ruta.routes[0] ? polylineOf(ruta.routes[0]) : '',
    polylines: Object.fromEntries(ruta.routes.map((route) => [String(route.truckId), polylineOf(route)])),
  };
}

const filter = z.object({
  zona: zone.optional(),
  estado: z
    .enum(['planeada', 'en_ejecucion', 'completada', 'cancelada'])
    .transform((word) => ours(ESTADO_RUTA, word)!)
    .optional(),
});

/** The app's routes: read, and made for a zone. */
export function serveRutas(app: FastifyInstance, services: Services): void {
  async function find(id: number, actor: Actor): Promise<Ruta> {
    const ruta = (await rutasOf(services, actor)).find((one) => one.id === id);
    if (ruta) return ruta;
    const isThere = (await rutasOf(services)).some((one) => one.id === id);
    throw isThere
      ? new DomainError('not-yours', 'This route is not assigned to you.')
      : new DomainError('not-found', 'No such route.', { id });
  }
  const list = async (wanted: z.output<typeof filter>) =>
    (await rutasOf(services))
      .filter((ruta) => wanted.zona === undefined || ruta.zone === wanted.zona)
      .filter((ruta) => wanted.estado === undefined || stateOf(ruta) === wanted.estado)
      .map(toRuta);

  serveForApp(app, services, (scope, caller) => {
    scope.post('/api/rutas/generar/:zona', async (request, reply) => {
      const { actor } = await caller(request, reply, ['supervisor']);
      const { zona } = readPart(z.object({ zona: zone }), request.params, 'path');
      await generate(dispatchOf(services), actor, { zone: zona });
      return reply.code(201).send(await firstRutaOf(services, zona));
    });
    scope.get('/api/rutas', async (request, reply) => {
      await caller(request, reply, ['operator']);
      return list(readPart(filter, request.query, 'query'));
    });
    scope.get('/api/rutas/zona/:zona', async (request, reply) => {
      await caller(request, reply, ['operator']);
      return list(readPart(filter.required({ zona: true }), request.params, 'path'));
    });
    scope.get('/api/rutas/:id', async (request, reply) => {
      const { actor } = await caller(request, reply, ['operator', 'driver']);
      const { id } = readPart(pathId, request.params, 'path');
      return toRutaConPuntos(services, await find(id, actor as UserActor));
    });
    // A route starts and ends with its drivers' assignments; the app's office does both for all of them at once.
    scope.patch('/api/rutas/:id/estado', async (request, reply) => {
      const { actor } = await caller(request, reply, ['supervisor']);
      const { id } = readPart(pathId, request.params, 'path');
      const { estado } = readPart(
        z.object({ estado: filter.shape.estado.unwrap() }),
        request.body ?? {},
        'body',
      );
      const { routes } = await find(id, actor as UserActor);
      const from = { running: 'assigned', done: 'started' } as const;
      const wanted = estado === 'running' || estado === 'done' ? from[estado] : null;
      const lists = await Promise.all(
        routes.map((route) => listAssignments(services.store, { routeId: route.id })),
      );
      const ready = lists.flat().filter((assignment) => assignment.state === wanted);
      if (ready.length === 0) {
        throw new DomainError('invalid-transition', `The route cannot be set to ${ESTADO_RUTA[estado]}.`);
      }
      for (const assignment of ready) {
        if (estado === 'running') await startAssignment(services.store, actor, assignment.id);
        else await finishAssignment(services.store, actor, { id: assignment.id });
      }
      return toRuta(await find(id, actor as UserActor));
    });
    scope.get('/api/rutas/:id/detalles', async (request, reply) => {
      const { actor } = await caller(request, reply, ['operator', 'driver']);
      const { id } = readPart(pathId, request.params, 'path');
      const ruta = await find(id, actor as UserActor);
      const ids = ruta.routes.flatMap((route) =>
        route.stops.flatMap((stop) => (stop.incidentId === undefined ? [] : [stop.incidentId])),
      );
      const incidencias = await Promise.all(
        [...new Set(ids)].map(async (one) => toIncidencia(await getIncident(services.store, one))),
      );
      const { puntos } = await toRutaConPuntos(services, ruta);
      return { ruta: toRuta(ruta), incidencias, puntos };
    });
  });
}
