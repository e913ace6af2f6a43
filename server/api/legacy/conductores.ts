import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { DomainError } from '../../../shared/errors.ts';
import { cedula, licence, type AssignmentView, type DriverView } from '../../../shared/fleet.ts';
import { zone } from '../../../shared/rules.ts';
import { listUsers } from '../../access/list-users.ts';
import { createAssignment } from '../../fleet/assignment-create.ts';
import { finishAssignment } from '../../fleet/assignment-finish.ts';
import { startAssignment } from '../../fleet/assignment-start.ts';
import { createDriver, createDriverInput } from '../../fleet/create-driver.ts';
import { listAssignments, myAssignments } from '../../fleet/list-assignments.ts';
import { listDrivers } from '../../fleet/list-drivers.ts';
import { listTrucks } from '../../fleet/list-trucks.ts';
import { updateDriver } from '../../fleet/update-driver.ts';
import type { UserActor } from '../context.ts';
import type { Services } from '../services.ts';
import { pathId, readPart, serveForApp } from './app-scope.ts';
import { rutasOf, toRuta, toRutaConPuntos, type Ruta } from './rutas.ts';
import { ESTADO_ASIGNACION, ESTADO_CONDUCTOR, ours } from './words.ts';

const zonaPreferida = z
  .enum(['oriental', 'occidental', 'ambas'])
  .transform((word) => (word === 'ambas' ? null : word));
const estadoAsignacion = z
  .enum(['asignado', 'iniciado', 'completado', 'cancelado'])
  .transform((word) => ours(ESTADO_ASIGNACION, word)!);
const estadoConductor = z
  .enum(['disponible', 'ocupado', 'inactivo'])
  .transform((word) => ours(ESTADO_CONDUCTOR, word)!);
const nuevo = z.object({
  nombre_completo: createDriverInput.shape.name,
  cedula,
  licencia_tipo: licence,
  telefono: createDriverInput.shape.phone.nullish(),
  zona_preferida: zonaPreferida.default(null),
  fecha_contratacion: createDriverInput.shape.hiredOn.nullish(),
  username: createDriverInput.shape.username,
  password: createDriverInput.shape.password,
  email: z.email().max(200).nullish(),
});
const cambio = z.object({
  nombre_completo: createDriverInput.shape.name.optional(),
  telefono: createDriverInput.shape.phone,
  licencia_tipo: licence.optional(),
  /** `ocupado` follows from driving and is nobody's choice. */
  estado: z
    .enum(['disponible', 'inactivo'])
    .transform((word) => (word === 'disponible' ? ('available' as const) : ('inactive' as const)))
    .optional(),
  zona_preferida: zonaPreferida.optional(),
});
const asignacion = z.object({
  ruta_id: pathId.shape.id,
  conductor_id: pathId.shape.id,
  camion_tipo: z.enum(['lateral', 'posterior']).nullish(),
  camion_id: pathId.shape.id.nullish(),
  fecha_inicio: z.iso.datetime({ offset: true }).nullish(),
});

/** The app's drivers, their assignments and their day. */
export function serveConductores(app: FastifyInstance, services: Services): void {
  const { store } = services;

  async function conductores(drivers: readonly DriverView[]) {
    const accounts = new Map((await listUsers(store)).map((user) => [user.id, user]));
    return drivers.map((driver) => ({
      id: driver.id,
      usuario_id: driver.userId,
      nombre_completo: driver.name,
      cedula: driver.cedula,
      telefono: driver.phone,
      licencia_tipo: driver.licence,
      estado: ESTADO_CONDUCTOR[driver.state],
      zona_preferida: driver.zonePreference ?? 'ambas',
      fecha_contratacion: null,
      created_at: accounts.get(driver.userId)?.createdAt ?? null,
      username: driver.username,
      email: accounts.get(driver.userId)?.email ?? null,
    }));
  }

  async function one(id: number) {
    const driver = (await listDrivers(store, {})).find((other) => other.id === id);
    if (!driver) throw new DomainError('not-found', 'No such driver.', { id });
    return (await conductores([driver]))[0]!;
  }

  const rutaOf = (rutas: readonly Ruta[], routeId: number) =>
    rutas.find((ruta) => ruta.routes.some((route) => route.id === routeId));

  async function asignaciones(views: readonly AssignmentView[]) {
    const rutas = await rutasOf(services);
    const types = new Map((await listTrucks(store)).map((truck) => [truck.id, truck.type]));
    return views.map((view) => ({
      id: view.id,
      ruta_id: rutaOf(rutas, view.routeId)?.id ?? view.routeId,
      conductor_id: view.driverId,
      camion_tipo: types.get(view.truckId) ?? null,
      camion_id: view.truckId,
      fecha_asignacion: view.assignedAt,
      fecha_inicio: view.startedAt,
      fecha_finalizacion: view.finishedAt,
      estado: ESTADO_ASIGNACION[view.state],
      conductor_nombre: view.driverName,
      notas: view.notes,
    }));
  }

  /** A driver's own assignment to one of the truck routes of this route. */
  async function mineFor(actor: UserActor, rutaId: number): Promise<AssignmentView> {
    const ruta = (await rutasOf(services)).find((other) => other.id === rutaId);
    if (!ruta) throw new DomainError('not-found', 'No such route.', { id: rutaId });
    const ids = new Set(ruta.routes.map((route) => route.id));
    const mine = (await myAssignments(store, actor)).find((view) => ids.has(view.routeId));
    if (!mine) throw new DomainError('not-yours', 'This route is not assigned to you.');
    return mine;
  }

  async function misRutas(actor: UserActor) {
    const views = await myAssignments(store, actor);
    const rutas = await rutasOf(services);
    const told = await asignaciones(views);
    return views.map((view, index) => {
      const group = rutaOf(rutas, view.routeId);
      const own = group && {
        ...group,
        routes: group.routes.filter((route) => route.id === view.routeId),
      };
      const { id, ruta_id, estado, camion_tipo, camion_id, fecha_asignacion } = told[index]!;
      return {
        own,
        row: {
          asignacion_id: id,
          ruta_id,
          estado_asignacion: estado,
          camion_tipo,
          camion_id,
          fecha_asignacion,
          ruta: own === undefined ? null : toRuta(own),
        },
      };
    });
  }

  serveForApp(app, services, (scope, caller) => {
    scope.post('/api/conductores', async (request, reply) => {
      const { actor } = await caller(request, reply, ['admin']);
      const body = readPart(nuevo, request.body ?? {}, 'body');
      const driver = await createDriver(store, actor, {
        name: body.nombre_completo,
        cedula: body.cedula,
        licence: body.licencia_tipo,
        zonePreference: body.zona_preferida,
        username: body.username,
        password: body.password,
        ...(body.telefono ? { phone: body.telefono } : {}),
        ...(body.fecha_contratacion ? { hiredOn: body.fecha_contratacion } : {}),
        ...(body.email ? { email: body.email } : {}),
      });
      return reply.code(201).send(await one(driver.id));
    });
    scope.get('/api/conductores', async (request, reply) => {
      await caller(request, reply, ['operator']);
      const { estado, zona } = readPart(
        z.object({ estado: estadoConductor.optional(), zona: zone.optional() }),
        request.query,
        'query',
      );
      return conductores(await listDrivers(store, { state: estado, zone: zona }));
    });
    scope.get('/api/conductores/disponibles', async (request, reply) => {
      await caller(request, reply, ['operator']);
      const { zona } = readPart(z.object({ zona: zone.optional() }), request.query, 'query');
      const free = await conductores(await listDrivers(store, { state: 'available', zone: zona }));
      return free.map(({ id, nombre_completo, cedula: number, telefono, licencia_tipo, zona_preferida }) => ({
        id,
        nombre_completo,
        cedula: number,
        telefono,
        licencia_tipo,
        zona_preferida,
      }));
    });
    scope.get('/api/conductores/mis-rutas/todas', async (request, reply) => {
      const actor = (await caller(request, reply, ['driver'])).actor as UserActor;
      const { estado } = readPart(z.object({ estado: estadoAsignacion.optional() }), request.query, 'query');
      const rows = (await misRutas(actor)).map(({ row }) => row);
      const count = (word: string) => rows.filter((row) => row.estado_asignacion === word).length;
      return {
        total: rows.length,
        asignado: count('asignado'),
        iniciado: count('iniciado'),
        completado: count('completado'),
        rutas: rows.filter(
          (row) => estado === undefined || row.estado_asignacion === ESTADO_ASIGNACION[estado],
        ),
      };
    });
    scope.get('/api/conductores/mis-rutas/actual', async (request, reply) => {
      const actor = (await caller(request, reply, ['driver'])).actor as UserActor;
      const started = (await misRutas(actor)).find(({ row }) => row.estado_asignacion === 'iniciado');
      if (!started?.own) throw new DomainError('not-found', 'No route of yours is under way.');
      return { ...started.row, ruta: await toRutaConPuntos(services, started.own) };
    });
    scope.post('/api/conductores/iniciar-ruta', async (request, reply) => {
      const actor = (await caller(request, reply, ['driver'])).actor as UserActor;
      const { ruta_id: rutaId } = readPart(asignacion.pick({ ruta_id: true }), request.body ?? {}, 'body');
      const started = await startAssignment(store, actor, (await mineFor(actor, rutaId)).id);
      return {
        id: started.id,
        estado: ESTADO_ASIGNACION[started.state],
        fecha_inicio: started.startedAt,
        mensaje: 'Ruta iniciada',
      };
    });
    scope.post('/api/conductores/finalizar-ruta', async (request, reply) => {
      const actor = (await caller(request, reply, ['driver'])).actor as UserActor;
      const { ruta_id: rutaId, notas } = readPart(
        asignacion.pick({ ruta_id: true }).extend({ notas: z.string().trim().max(2_000).nullish() }),
        request.body ?? {},
        'body',
      );
      const { id } = await mineFor(actor, rutaId);
      const finished = await finishAssignment(store, actor, { id, ...(notas ? { notes: notas } : {}) });
      return {
        id: finished.id,
        estado: ESTADO_ASIGNACION[finished.state],
        fecha_finalizacion: finished.finishedAt,
        notas_finalizacion: finished.notes,
        mensaje: 'Ruta finalizada',
      };
    });
    scope.post('/api/conductores/asignaciones', async (request, reply) => {
      const { actor } = await caller(request, reply, ['supervisor']);
      const body = readPart(asignacion, request.body ?? {}, 'body');
      const ruta = (await rutasOf(services)).find((other) => other.id === body.ruta_id);
      if (!ruta) throw new DomainError('not-found', 'No such route.', { id: body.ruta_id });
      const types = new Map((await listTrucks(store)).map((truck) => [truck.id, truck.type]));
      const route = ruta.routes.find(
        (other) =>
          other.driverId === null &&
          (!body.camion_id || other.truckId === body.camion_id) &&
          (!body.camion_tipo || types.get(other.truckId) === body.camion_tipo),
      );
      if (!route) throw new DomainError('truck-busy', 'No truck of this route waits for a driver.');
      const made = await createAssignment(store, actor, {
        routeId: route.id,
        driverId: body.conductor_id,
        ...(body.fecha_inicio ? { scheduledStart: body.fecha_inicio } : {}),
      });
      return reply.code(201).send((await asignaciones([made]))[0]);
    });
    scope.get('/api/conductores/asignaciones/ruta/:id', async (request, reply) => {
      await caller(request, reply, ['operator']);
      const { id } = readPart(pathId, request.params, 'path');
      const ruta = (await rutasOf(services)).find((other) => other.id === id);
      if (!ruta) throw new DomainError('not-found', 'No such route.', { id });
      const lists = await Promise.all(
        ruta.routes.map((route) => listAssignments(store, { routeId: route.id })),
      );
      return asignaciones(lists.flat());
    });
    scope.get('/api/conductores/asignaciones/conductor/:id', async (request, reply) => {
      await caller(request, reply, ['operator']);
      const { id } = readPart(pathId, request.params, 'path');
      const { estado } = readPart(z.object({ estado: estadoAsignacion.optional() }), request.query, 'query');
      return asignaciones(await listAssignments(store, { driverId: id, state: estado }));
    });
    scope.get('/api/conductores/:id', async (request, reply) => {
      await caller(request, reply, ['operator']);
      return one(readPart(pathId, request.params, 'path').id);
    });
    scope.patch('/api/conductores/:id', async (request, reply) => {
      const { actor } = await caller(request, reply, ['admin']);
      const { id } = readPart(pathId, request.params, 'path');
      const body = readPart(cambio, request.body ?? {}, 'body');
      await updateDriver(store, actor, {
        driverId: id,
        ...(body.nombre_completo === undefined ? {} : { name: body.nombre_completo }),
        ...(body.telefono === undefined ? {} : { phone: body.telefono }),
        ...(body.licencia_tipo === undefined ? {} : { licence: body.licencia_tipo }),
        ...(body.estado === undefined ? {} : { state: body.estado }),
        ...(body.zona_preferida === undefined ? {} : { zonePreference: body.zona_preferida }),
      });
      return one(id);
    });
  });
}
