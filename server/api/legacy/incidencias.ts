import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { DomainError } from '../../../shared/errors.ts';
import {
  INCIDENT_STATES,
  INCIDENT_TYPES,
  incidentType,
  reportInput,
  type IncidentState,
  type IncidentView,
} from '../../../shared/incident.ts';
import { ZONES, zone, type Zone } from '../../../shared/rules.ts';
import { limitReports } from '../../access/limit-reports.ts';
import { completeStop } from '../../fleet/stop-complete.ts';
import { cancelIncident } from '../../incidents/cancel.ts';
import { completeIncident } from '../../incidents/complete.ts';
import { getIncident } from '../../incidents/get.ts';
import { countIncidents } from '../../incidents/count.ts';
import { listIncidents } from '../../incidents/list.ts';
import { reportIncident } from '../../incidents/report.ts';
import { validateIncident } from '../../incidents/validate.ts';
import { zonesStatus } from '../../incidents/zones-status.ts';
import type { UserActor } from '../context.ts';
import type { Services } from '../services.ts';
import { pathId, readPart, serveForApp } from './app-scope.ts';
import { toIncidencia } from './incidencia-view.ts';
import { firstRutaOf } from './rutas.ts';
import { ESTADO_INCIDENCIA, ours } from './words.ts';

const estado = z
  .enum(['pendiente', 'validada', 'asignada', 'completada', 'cancelada'])
  .transform((word) => ours(ESTADO_INCIDENCIA, word)!);
const query = z.object({
  estado: estado.optional(),
  zona: zone.optional(),
  tipo: incidentType.optional(),
  skip: z.coerce.number().int().min(0).max(10_000).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
const nueva = z.object({
  tipo: reportInput.shape.type,
  lat: reportInput.shape.lat,
  lon: reportInput.shape.lon,
  descripcion: reportInput.shape.description.nullish(),
  foto_url: z.string().max(500).nullish(),
});
const flag = z.enum(['true', 'false', '1', '0']).transform((word) => word === 'true' || word === '1');

const ROUTE_WAIT_MS = 2_000;
const ROUTE_LOOK_MS = 100;

/** The app's incidents: the same verbs and the same permissions as everywhere. */
export function serveIncidencias(app: FastifyInstance, services: Services): void {
  const { store, limiter } = services;

  /** The planned route a validation caused, when it comes within two seconds and there was none before. */
  async function routeCaused(of: Zone, before: number | null) {
    const until = performance.now() + ROUTE_WAIT_MS;
    while (before === null && performance.now() < until) {
      const ruta = await firstRutaOf(services, of);
      if (ruta) return ruta;
      await new Promise((resolve) => setTimeout(resolve, ROUTE_LOOK_MS));
    }
    return null;
  }

  async function moveTo(actor: UserActor, id: number, state: IncidentState): Promise<IncidentView> {
    if (actor.role === 'driver') {
      if (state !== 'completed') throw new DomainError('wrong-role', 'A driver only completes.');
      const { stopId } = await getIncident(store, id);
      if (stopId === null) throw new DomainError('not-yours', 'It is on no route of yours.');
      await completeStop(store, actor, { stopId });
      return getIncident(store, id);
    }
    if (state === 'validated') return validateIncident(store, actor, id);
    if (state === 'completed') return completeIncident(store, actor, { id });
    if (state === 'cancelled') return cancelIncident(store, actor, { id, reason: 'cancelada en la app' });
    throw new DomainError('invalid-transition', `An incident cannot be set to ${state}.`, { to: state });
  }

  serveForApp(app, services, (scope, caller) => {
    scope.post('/api/incidencias', async (request, reply) => {
      const { actor, address } = await caller(request, reply, 'public');
      const { tipo, lat, lon, descripcion, foto_url: photo } = readPart(nueva, request.body ?? {}, 'body');
      await limitReports(limiter, address);
      // Only a picture that was sent to us first is a picture of ours.
      const photoId = /\/photos\/([0-9a-f-]{36})(\?|$)/i.exec(photo ?? '')?.[1];
      const { id } = await reportIncident(
        store,
        actor,
        {
          type: tipo,
          lat,
          lon,
          ...(descripcion ? { description: descripcion } : {}),
          ...(photoId ? { photoId } : {}),
        },
        (await services.addressOf?.({ lat, lon })) ?? null,
      );
      return reply.code(201).send(toIncidencia(await getIncident(store, id)));
    });
    scope.get('/api/incidencias', async (request, reply) => {
      await caller(request, reply, ['operator']);
      const { estado, zona, tipo, skip, limit } = readPart(query, request.query, 'query');
      const { items } = await listIncidents(store, {
        state: estado,
        zone: zona,
        type: tipo,
        limit: skip + limit,
      });
      return items.slice(skip).map(toIncidencia);
    });
    scope.get('/api/incidencias/stats', async (request, reply) => {
      await caller(request, reply, ['operator']);
      const counts = await countIncidents(store);
      const sum = (of: (one: (typeof counts)[number]) => boolean) =>
        counts.filter(of).reduce((total, one) => total + one.count, 0);
      const states = INCIDENT_STATES.map(
        (state) => [`${ESTADO_INCIDENCIA[state]}s`, sum((one) => one.state === state)] as const,
      );
      return {
        total: sum(() => true),
        ...Object.fromEntries(states),
        por_tipo: Object.fromEntries(INCIDENT_TYPES.map((type) => [type, sum((one) => one.type === type)])),
        por_zona: Object.fromEntries(ZONES.map((name) => [name, sum((one) => one.zone === name)])),
      };
    });
    scope.get('/api/incidencias/zona/:zona/umbral', async (request, reply) => {
      await caller(request, reply, ['operator']);
      const { zona } = readPart(z.object({ zona: zone }), request.params, 'path');
      const status = (await zonesStatus(store)).find((one) => one.zone === zona)!;
      const waiting = (await countIncidents(store)).filter(
        (one) => one.zone === zona && one.state === 'validated',
      );
      return {
        zona,
        suma_gravedad: status.validatedSeverity,
        umbral_configurado: status.threshold,
        debe_generar_ruta: status.validatedSeverity > status.threshold,
        incidencias_validadas: waiting.reduce((total, one) => total + one.count, 0),
      };
    });
    scope.post('/api/incidencias/:id/validate', async (request, reply) => {
      const { actor } = await caller(request, reply, ['operator']);
      const { id } = readPart(pathId, request.params, 'path');
      const { generar_ruta_auto: isAuto } = readPart(
        z.object({ generar_ruta_auto: flag.default(true) }),
        request.query,
        'query',
      );
      const plannedBefore = await zonesStatus(store);
      const incident = await validateIncident(store, actor, id);
      const before = plannedBefore.find((one) => one.zone === incident.zone)?.plannedRoute ?? null;
      const ruta = isAuto && (await isAbove(incident.zone)) ? await routeCaused(incident.zone, before) : null;
      return { incidencia: toIncidencia(await getIncident(store, id)), ruta_generada: ruta };
    });
    scope.get('/api/incidencias/:id', async (request, reply) => {
      await caller(request, reply, ['operator']);
      return toIncidencia(await getIncident(store, readPart(pathId, request.params, 'path').id));
    });
    scope.patch('/api/incidencias/:id', async (request, reply) => {
      const { actor } = await caller(request, reply, ['operator', 'driver']);
      const { id } = readPart(pathId, request.params, 'path');
      const change = readPart(z.object({ estado }), request.body ?? {}, 'body');
      return toIncidencia(await moveTo(actor as UserActor, id, change.estado));
    });
    scope.delete('/api/incidencias/:id', async (request, reply) => {
      const { actor } = await caller(request, reply, ['operator']);
      await moveTo(actor as UserActor, readPart(pathId, request.params, 'path').id, 'cancelled');
      return reply.code(204).send();
    });
  });

  /** A first route is only worth waiting for where the threshold is passed. */
  async function isAbove(of: Zone): Promise<boolean> {
    const status = (await zonesStatus(store)).find((one) => one.zone === of);
    return (
      status !== undefined && (status.plannedRoute !== null || status.validatedSeverity > status.threshold)
    );
  }
}
