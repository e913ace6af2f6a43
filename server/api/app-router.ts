import { alertsRouter } from './routers/alerts.ts';
import { assignmentsRouter } from './routers/assignments.ts';
import { authRouter } from './routers/auth.ts';
import { closuresRouter } from './routers/closures.ts';
import { eventsRouter } from './routers/events.ts';
import { fleetRouter } from './routers/fleet.ts';
import { historyRouter } from './routers/history.ts';
import { incidentsRouter } from './routers/incidents.ts';
import { liveRouter } from './routers/live.ts';
import { plansRouter } from './routers/plans.ts';
import { rulesRouter } from './routers/rules.ts';
import { stopsRouter } from './routers/stops.ts';
import { systemRouter } from './routers/system.ts';
import { tracksRouter } from './routers/tracks.ts';
import { usersRouter } from './routers/users.ts';
import { zonesRouter } from './routers/zones.ts';
import { router } from './trpc.ts';

export const appRouter = router({
  auth: authRouter,
  incidents: incidentsRouter,
  zones: zonesRouter,
  fleet: fleetRouter,
  plans: plansRouter,
  closures: closuresRouter,
  assignments: assignmentsRouter,
  stops: stopsRouter,
  tracks: tracksRouter,
  history: historyRouter,
  live: liveRouter,
  rules: rulesRouter,
  events: eventsRouter,
  users: usersRouter,
  alerts: alertsRouter,
  system: systemRouter,
});

/** The one server type the client knows. */
export type AppRouter = typeof appRouter;
