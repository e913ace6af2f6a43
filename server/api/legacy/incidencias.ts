import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { IncidentState, IncidentView } from '../../../shared/incident.ts';
import { incidentType } from '../../../shared/incident.ts';
import { zone } from '../../../shared/rules.ts';
import { listIncidents } from '../../incidents/list.ts';
import { admit } from '../admit.ts';
import { domainErrorOf, httpStatusOf } from '../errors.ts';
import { identify } from '../identify.ts';
import type { Services } from '../services.ts';

const ESTADOS: Readonly<Record<IncidentState, string>> = {
  pending: 'pendiente',
  validated: 'validada',
  assigned: 'asignada',
  completed: 'completada',
  cancelled: 'cancelada',
};
const STATES = Object.fromEntries(
  Object.entries(ESTADOS).map(([state, estado]) => [estado, state]),
) as Record<string, IncidentState>;

/** An incident in the words of the existing mobile app. */
export function toIncidencia(incident: IncidentView) {
  return {
    id: incident.id,
    codigo: incident.code,
    tipo: incident.type,
    gravedad: incident.severity,
    descripcion: incident.description,
    foto_url: incident.photoIds[0] ? `/photos/${incident.photoIds[0]}` : null,
    lat: incident.lat,
    lon: incident.lon,
    zona: incident.zone,
    estado: ESTADOS[incident.state],
    ventana_inicio: incident.windowStart,
    ventana_fin: incident.windowEnd,
    reportado_en: incident.reportedAt,
    created_at: incident.reportedAt,
    usuario_id: null,
  };
}

const query = z.object({
  estado: z
    .enum(['pendiente', 'validada', 'asignada', 'completada', 'cancelada'])
    .transform((estado) => STATES[estado]!)
    .optional(),
  zona: zone.optional(),
  tipo: incidentType.optional(),
  skip: z.coerce.number().int().min(0).max(10_000).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

/** GET /api/incidencias/ for the office; errors as the app knows them, `{detail}`. */
export function serveIncidencias(app: FastifyInstance, services: Services): void {
  app.get('/api/incidencias', async (request, reply) => {
    try {
      await admit(await identify(services, request, reply), ['operator']);
    } catch (error) {
      const domain = domainErrorOf(error);
      if (!domain) throw error;
      return reply.code(httpStatusOf(domain)).send({ detail: domain.message });
    }
    const filter = query.safeParse(request.query);
    if (!filter.success) {
      return reply.code(422).send({
        detail: filter.error.issues.map((issue) => ({
          loc: ['query', ...issue.path],
          msg: issue.message,
          type: issue.code,
        })),
      });
    }
    const { estado, zona, tipo, skip, limit } = filter.data;
    const { items } = await listIncidents(services.store, {
      state: estado,
      zone: zona,
      type: tipo,
      limit: skip + limit,
    });
    return items.slice(skip).map(toIncidencia);
  });
}
