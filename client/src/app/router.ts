import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router';
import { roleCovers, type Role } from '../../../shared/actor.ts';
import { homeOf, whoAmI } from './auth.ts';

const routes: RouteRecordRaw[] = [
  { path: '/login', component: () => import('./LoginPage.vue') },
  { path: '/control', component: () => import('../control/ControlRoom.vue'), meta: { role: 'operator' } },
  {
    path: '/driver/:page(.*)*',
    component: () => import('../driver/DriverPage.vue'),
    meta: { role: 'driver' },
  },
  { path: '/admin/:page(.*)*', component: () => import('../admin/AdminPage.vue'), meta: { role: 'admin' } },
  { path: '/:rest(.*)*', component: () => import('./NotFoundPage.vue') },
];

/** Pages by role: without a session to /login, with the wrong role to the page of one's own. */
export function createAppRouter() {
  const router = createRouter({ history: createWebHistory(), routes });
  router.beforeEach(async (to) => {
    const needed = to.meta.role as Role | undefined;
    if (needed === undefined) return true;
    const user = await whoAmI();
    if (!user) return { path: '/login', query: { next: to.fullPath } };
    // A supervisor may look over a driver's shoulder.
    const looks = needed === 'driver' && roleCovers(user.role, 'supervisor');
    return looks || roleCovers(user.role, needed) || { path: homeOf(user.role) };
  });
  return router;
}
