import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { listUsers } from '../../access/list-users.ts';
import { login } from '../../access/login.ts';
import { logout } from '../../access/logout.ts';
import { authenticateSession } from '../../access/sessions.ts';
import type { UserActor } from '../context.ts';
import type { Services } from '../services.ts';
import { readPart, serveForApp } from './app-scope.ts';
import { tipoUsuario } from './words.ts';

const credentials = z.object({
  username: z.string().trim().min(1).max(64),
  password: z.string().min(1).max(200),
});

/** The app's own login: a bearer token in the answer and no cookie. */
export function serveSesiones(app: FastifyInstance, services: Services): void {
  const { store, limiter } = services;
  serveForApp(app, services, (scope, caller) => {
    for (const path of ['/api/auth/login', '/api/auth/login/form']) {
      scope.post(path, async (request, reply) => {
        await caller(request, reply, 'public');
        const { username, password } = readPart(credentials, request.body ?? {}, 'body');
        const { token, user } = await login({ store, limiter }, { username, password, address: request.ip });
        const session = await authenticateSession(store.database, token);
        return {
          access_token: token,
          token_type: 'bearer',
          user_id: user.id,
          username: user.username,
          tipo_usuario: tipoUsuario(user.role),
          conductor_id: session?.actor.driverId ?? null,
        };
      });
    }
    scope.get('/api/auth/me', async (request, reply) => {
      const actor = (await caller(request, reply, 'signed-in')).actor as UserActor;
      const account = (await listUsers(store)).find((user) => user.id === actor.id);
      return {
        id: actor.id,
        username: actor.username,
        email: account?.email ?? null,
        tipo_usuario: tipoUsuario(actor.role),
        activo: account?.active ?? true,
        created_at: account?.createdAt ?? null,
        conductor_id: actor.driverId ?? null,
      };
    });
    scope.get('/api/auth/verify-token', async (request, reply) => {
      const actor = (await caller(request, reply, 'signed-in')).actor as UserActor;
      return {
        valid: true,
        user_id: actor.id,
        username: actor.username,
        tipo_usuario: tipoUsuario(actor.role),
      };
    });
    scope.post('/api/auth/logout', async (request, reply) => {
      const { sessionId } = await caller(request, reply, 'signed-in');
      await logout(store, sessionId);
      return { mensaje: 'Sesión cerrada' };
    });
  });
}
