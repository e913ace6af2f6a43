import { createTRPCClient, httpLink, type TRPCClient } from '@trpc/client';
import type { LonLat } from '../../shared/geo.ts';
import type { AppRouter } from '../api/app-router.ts';
import type { City } from './city.ts';
import { assignmentOf } from './in-process-city.ts';

export type Api = TRPCClient<AppRouter>;

/** A client of the public API, as any app would be; `token` null = nobody signed in. */
export function apiClient(url: string, token: string | null): Api {
  return createTRPCClient<AppRouter>({
    links: [
      httpLink({
        url: `${url}/trpc`,
        headers: token === null ? {} : { authorization: `Bearer ${token}` },
      }),
    ],
  });
}

/** Signs in and returns the bearer token. */
export async function signIn(url: string, username: string, password: string): Promise<string> {
  return (await apiClient(url, null).auth.login.mutate({ username, password })).token;
}

export interface RemoteCityOptions {
  url: string;
  /** Token of a supervisor: sees the plan, gives routes to drivers. */
  supervisorToken: string;
  /** Token of a driver's own phone, where the simulation knows it; else the supervisor acts for the driver. */
  driverToken(driverId: number): Promise<string | null>;
  reserved?: ReadonlySet<number>;
}

/** The simulated people as real clients of a running system. */
export function remoteCity(options: RemoteCityOptions): City {
  const desk = apiClient(options.url, options.supervisorToken);
  const street = apiClient(options.url, null);
  const reserved = options.reserved ?? new Set<number>();
  const phone = async (driverId: number | null): Promise<Api> => {
    const token = driverId === null ? null : await options.driverToken(driverId);
    return token === null ? desk : apiClient(options.url, token);
  };
  return {
    async routes() {
      return (await desk.plans.current.query({})).routes;
    },
    async outTrucks() {
      const trucks = await desk.fleet.trucks.query();
      return new Set(trucks.filter((truck) => truck.state !== 'available').map((truck) => truck.id));
    },
    async way(from, to) {
      const path = `/osrm/route/v1/driving/${from.lon},${from.lat};${to.lon},${to.lat}?overview=full&geometries=geojson`;
      const answer = await fetch(options.url + path, {
        headers: { authorization: `Bearer ${options.supervisorToken}` },
      });
      const body = (await answer.json()) as {
        routes?: { duration: number; geometry: { coordinates: LonLat[] } }[];
      };
      const route = body.routes?.[0];
      if (route === undefined) return { line: [], durationS: 0 };
      return { line: route.geometry.coordinates, durationS: route.duration };
    },
    async startAssignment(route) {
      await (await phone(route.driverId)).assignments.start.mutate({ id: assignmentOf(route) });
    },
    async finishAssignment(route) {
      await (await phone(route.driverId)).assignments.finish.mutate({ id: assignmentOf(route) });
    },
    async assignDriver(route) {
      const drivers = await desk.fleet.drivers.query({ state: 'available', zone: route.zone });
      for (const driver of drivers) {
        if (reserved.has(driver.id)) continue;
        try {
          await desk.assignments.create.mutate({ routeId: route.id, driverId: driver.id });
          return true;
        } catch {
          // Bound to another route already: the next one.
        }
      }
      return false;
    },
    async depart(route, stopId) {
      await (await phone(route.driverId)).stops.depart.mutate({ stopId });
    },
    async complete(route, stopId, clientId) {
      await (await phone(route.driverId)).stops.complete.mutate({ stopId, clientId });
    },
    async fail(route, stopId, reason, clientId) {
      await (await phone(route.driverId)).stops.fail.mutate({ stopId, reason, clientId });
    },
    async report(input) {
      return (await street.incidents.report.mutate(input)).id;
    },
    async validate(incidentId) {
      await desk.incidents.validate.mutate({ id: incidentId });
    },
  };
}
