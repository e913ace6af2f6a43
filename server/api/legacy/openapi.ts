import type { FastifyInstance } from 'fastify';
import type { Services } from '../services.ts';

type Method = 'get' | 'post' | 'patch' | 'delete';
type Who = 'anyone' | 'signed in' | 'office' | 'driver' | 'office or driver';

/** Every path of the app's API: what it does, and who may. */
const OPERATIONS: readonly (readonly [Method, string, string, Who])[] = [
  ['post', '/api/auth/login', 'Token for a user name and a password', 'anyone'],
  ['post', '/api/auth/login/form', 'The same as an OAuth2 password form', 'anyone'],
  ['get', '/api/auth/me', 'The account that calls', 'signed in'],
  ['get', '/api/auth/verify-token', 'Whether the token is in use', 'signed in'],
  ['post', '/api/auth/logout', 'The token stops working', 'signed in'],
  ['post', '/api/incidencias/', 'Report an incident', 'anyone'],
  ['get', '/api/incidencias/', 'Incidents, the newest first', 'office'],
  ['get', '/api/incidencias/stats', 'How many there are', 'office'],
  ['get', '/api/incidencias/zona/{zona}/umbral', 'How near a zone is to its next route', 'office'],
  ['post', '/api/incidencias/{id}/validate', 'Validate; tells the first route it causes', 'office'],
  ['get', '/api/incidencias/{id}', 'One incident', 'office'],
  ['patch', '/api/incidencias/{id}', 'Another state; a driver completes its own', 'office or driver'],
  ['delete', '/api/incidencias/{id}', 'Cancel', 'office'],
  ['post', '/api/rutas/generar/{zona}', 'Plan a zone', 'office'],
  ['get', '/api/rutas/', 'Routes', 'office'],
  ['get', '/api/rutas/zona/{zona}', 'Routes of a zone', 'office'],
  ['get', '/api/rutas/{id}', 'A route with its stops and its line', 'office or driver'],
  ['get', '/api/rutas/{id}/detalles', 'A route with its incidents and its stops', 'office or driver'],
  ['patch', '/api/rutas/{id}/estado', 'Start or finish a route', 'office'],
  ['post', '/api/conductores/', 'A new driver', 'office'],
  ['get', '/api/conductores/', 'Drivers', 'office'],
  ['get', '/api/conductores/disponibles', 'Drivers who are free', 'office'],
  ['get', '/api/conductores/{id}', 'One driver', 'office'],
  ['patch', '/api/conductores/{id}', 'Change a driver', 'office'],
  ['get', '/api/conductores/mis-rutas/todas', "The driver's own routes", 'driver'],
  ['get', '/api/conductores/mis-rutas/actual', 'The one under way', 'driver'],
  ['post', '/api/conductores/iniciar-ruta', 'Set out', 'driver'],
  ['post', '/api/conductores/finalizar-ruta', 'Finish', 'driver'],
  ['post', '/api/conductores/asignaciones/', 'Give a route to a driver', 'office'],
  ['get', '/api/conductores/asignaciones/ruta/{id}', 'Who drives a route', 'office'],
  ['get', '/api/conductores/asignaciones/conductor/{id}', 'What a driver drives', 'office'],
];

function describe(release: string) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [method, path, summary, who] of OPERATIONS) {
    const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
    (paths[path] ??= {})[method] = {
      summary,
      description: `For: ${who}.`,
      tags: [path.split('/')[2]!],
      security: who === 'anyone' ? [] : [{ bearer: [] }],
      parameters: names.map((name) => ({
        name,
        in: 'path',
        required: true,
        schema: name === 'id' ? { type: 'integer', minimum: 1 } : { enum: ['oriental', 'occidental'] },
      })),
      ...(method === 'post' || method === 'patch'
        ? { requestBody: { content: { 'application/json': { schema: { type: 'object' } } } } }
        : {}),
      responses: { default: { description: 'The answer, or `{detail}`' } },
    };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'EPAGAL', version: release },
    paths,
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
  };
}

/** What the app may call, for programs and for people. */
export function serveOpenapi(app: FastifyInstance, { release }: Pick<Services, 'release'>): void {
  app.get('/openapi.json', () => describe(release));
  app.get('/docs', (_request, reply) => {
    const rows = OPERATIONS.map(
      ([method, path, summary, who]) =>
        `<tr><td>${method.toUpperCase()}</td><td><code>${path}</code></td><td>${summary}</td><td>${who}</td></tr>`,
    );
    return reply
      .type('text/html; charset=utf-8')
      .send(
        `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>EPAGAL API</title></head><body><h1>EPAGAL API</h1><p><a href="/openapi.json">openapi.json</a></p><table>${rows.join('')}</table></body></html>`,
      );
  });
}
