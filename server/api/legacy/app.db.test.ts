import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buyTruck,
  hireDriver,
  openHouse,
  PASSWORD,
  planRoute,
  validatedIncident,
  type House,
} from '../../../tests/regression/house.ts';

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house?.close());

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

async function ask(method: Method, url: string, token: string | null, body?: object) {
  const answer = await house.http.inject({
    method,
    url,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { payload: JSON.stringify(body) } : {}),
  });
  return { status: answer.statusCode, body: answer.body === '' ? null : answer.json() };
}

describe('the app signs in', () => {
  it('by JSON or by form, is told who it is, and signs out', async () => {
    const account = { username: 'the-admin', password: PASSWORD };
    const { status, body } = await ask('POST', '/api/auth/login', null, account);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      token_type: 'bearer',
      username: 'the-admin',
      tipo_usuario: 'admin',
      conductor_id: null,
    });
    const form = await house.http.inject({
      method: 'POST',
      url: '/api/auth/login/form',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams(account).toString(),
    });
    expect(form.json()).toHaveProperty('access_token');
    const token = body.access_token as string;
    expect((await ask('GET', '/api/auth/me', token)).body).toMatchObject({
      username: 'the-admin',
      activo: true,
    });
    expect((await ask('GET', '/api/auth/verify-token', token)).body).toMatchObject({ valid: true });
    expect((await ask('POST', '/api/auth/logout', token)).status).toBe(200);
    expect(await ask('GET', '/api/auth/me', token)).toMatchObject({
      status: 401,
      body: { detail: expect.any(String) },
    });
  });

  it('a wrong password is 401, a missing one 422 with its place', async () => {
    const wrong = await ask('POST', '/api/auth/login/', null, { username: 'the-admin', password: 'no' });
    expect(wrong).toMatchObject({ status: 401, body: { detail: expect.any(String) } });
    const missing = await ask('POST', '/api/auth/login', null, { username: 'the-admin' });
    expect(missing.status).toBe(422);
    expect(missing.body.detail[0]).toMatchObject({ loc: ['body', 'password'] });
  });
});

describe('incidents of the app', () => {
  it('are reported by anybody, validated, counted and cancelled by the office', async () => {
    const report = { tipo: 'zona_critica', lat: -0.94, lon: -78.59, descripcion: 'basura' };
    const made = await ask('POST', '/api/incidencias/', null, report);
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ estado: 'pendiente', gravedad: 3, zona: 'oriental' });
    const path = `/api/incidencias/${made.body.id}`;
    expect((await ask('GET', path, null)).status).toBe(401);
    expect((await ask('GET', path, house.tokens.citizen)).status).toBe(403);
    const validated = await ask('POST', `${path}/validate?generar_ruta_auto=true`, house.tokens.admin);
    expect(validated.body).toMatchObject({ incidencia: { estado: 'validada' }, ruta_generada: null });
    const again = await house.http.inject({
      method: 'POST',
      url: `${path}/validate/`,
      headers: { authorization: `Bearer ${house.tokens.admin}`, 'content-type': 'application/json' },
    });
    expect(again.statusCode).toBe(400);
    expect(again.json()).toHaveProperty('detail');
    expect((await ask('GET', '/api/incidencias/stats', house.tokens.admin)).body).toMatchObject({
      total: 1,
      validadas: 1,
      por_tipo: { zona_critica: 1 },
    });
    expect(
      (await ask('GET', '/api/incidencias/zona/oriental/umbral', house.tokens.admin)).body,
    ).toMatchObject({ suma_gravedad: 3, umbral_configurado: 20, debe_generar_ruta: false });
    expect((await ask('DELETE', path, house.tokens.admin)).status).toBe(204);
    expect((await ask('GET', path, house.tokens.admin)).body.estado).toBe('cancelada');
    expect((await ask('GET', '/api/incidencias/999999', house.tokens.admin)).status).toBe(404);
    expect((await ask('GET', '/api/incidencias/x', house.tokens.admin)).status).toBe(422);
    expect((await ask('POST', '/api/incidencias', null, { ...report, lat: -2 })).status).toBe(400);
  });
});

describe('a day of the app', () => {
  it('assigns a route, drives it, completes its own incident and finishes', async () => {
    const truck = await buyTruck(house);
    const [one, two] = [await validatedIncident(house), await validatedIncident(house)];
    const { routeId } = await planRoute(house, truck.id, [one, two]);
    const driver = await hireDriver(house);
    const { admin } = house.tokens;

    const list = await ask('GET', '/api/rutas/?zona=oriental&estado=planeada', admin);
    expect(list.body).toEqual([
      expect.objectContaining({
        id: routeId,
        camiones_usados: 1,
        suma_gravedad: 6,
        duracion_estimada: '1:00:00',
      }),
    ]);
    expect((await ask('GET', `/api/rutas/${routeId}`, driver.token)).status).toBe(403);
    expect((await ask('GET', '/api/rutas/424242', admin)).status).toBe(404);
    expect((await ask('GET', '/api/conductores/disponibles', admin)).body[0]).toMatchObject({
      id: driver.driver.id,
      zona_preferida: 'ambas',
    });

    const assigned = await ask('POST', '/api/conductores/asignaciones/', admin, {
      ruta_id: routeId,
      conductor_id: driver.driver.id,
      camion_tipo: 'posterior',
    });
    expect(assigned).toMatchObject({
      status: 201,
      body: { ruta_id: routeId, camion_id: truck.id, estado: 'asignado' },
    });
    const mine = await ask('GET', '/api/conductores/mis-rutas/todas', driver.token);
    expect(mine.body).toMatchObject({ total: 1, asignado: 1, rutas: [{ ruta_id: routeId }] });
    expect((await ask('GET', '/api/conductores/mis-rutas/actual', driver.token)).status).toBe(404);
    expect(
      (await ask('POST', '/api/conductores/iniciar-ruta', driver.token, { ruta_id: routeId })).body,
    ).toMatchObject({ estado: 'iniciado', mensaje: expect.any(String) });
    const current = await ask('GET', '/api/conductores/mis-rutas/actual', driver.token);
    expect(current.body.ruta.puntos).toHaveLength(5);
    expect(current.body.ruta.puntos[1]).toMatchObject({
      tipo_punto: 'incidencia',
      tipo_camion: 'posterior',
      incidencia_id: one.id,
    });
    expect(typeof current.body.ruta.polyline).toBe('string');

    const done = await ask('PATCH', `/api/incidencias/${one.id}`, driver.token, { estado: 'completada' });
    expect(done).toMatchObject({ status: 200, body: { estado: 'completada' } });
    expect(
      (await ask('PATCH', `/api/incidencias/${two.id}`, driver.token, { estado: 'cancelada' })).status,
    ).toBe(403);
    const finished = await ask('POST', '/api/conductores/finalizar-ruta', driver.token, {
      ruta_id: routeId,
      notas: 'todo bien',
    });
    expect(finished.body).toMatchObject({ estado: 'completado', notas_finalizacion: 'todo bien' });
    expect((await ask('GET', `/api/incidencias/${two.id}`, admin)).body.estado).toBe('validada');
    expect(
      (await ask('GET', `/api/conductores/asignaciones/conductor/${driver.driver.id}`, admin)).body,
    ).toMatchObject([{ estado: 'completado' }]);
  });

  it('is described for programs, every path of it as it is served', async () => {
    const { body } = await ask('GET', '/openapi.json', null);
    for (const [path, methods] of Object.entries(body.paths as Record<string, object>)) {
      const url = path.replace('{id}', '424242').replace('{zona}', 'oriental');
      for (const method of Object.keys(methods)) {
        const { status, body: told } = await ask(
          method.toUpperCase() as Method,
          url,
          null,
          method === 'get' ? undefined : {},
        );
        expect({ path, status, is: told?.error?.reason }).not.toMatchObject({ is: 'not-found' });
        expect([401, 422]).toContain(status);
      }
    }
  });
});
