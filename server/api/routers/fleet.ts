import { z } from 'zod';
import { createTruckInput, driverState, registerDeviceInput, truckPlanning } from '../../../shared/fleet.ts';
import { zone } from '../../../shared/rules.ts';
import { createContainer, createContainerInput } from '../../fleet/create-container.ts';
import { createDriver, createDriverInput } from '../../fleet/create-driver.ts';
import { createTruck } from '../../fleet/create-truck.ts';
import { listContainers } from '../../fleet/list-containers.ts';
import { listDrivers } from '../../fleet/list-drivers.ts';
import { listTrucks } from '../../fleet/list-trucks.ts';
import { moveDevice, moveDeviceInput } from '../../fleet/move-device.ts';
import { planTruck } from '../../fleet/plan-truck.ts';
import { registerDevice } from '../../fleet/register-device.ts';
import { revokeDevice } from '../../fleet/revoke-device.ts';
import { truckOut } from '../../fleet/truck-out.ts';
import { truckReturned } from '../../fleet/truck-returned.ts';
import { updateContainer, updateContainerInput } from '../../fleet/update-container.ts';
import { updateDriver, updateDriverInput } from '../../fleet/update-driver.ts';
import { updateTruck, updateTruckInput } from '../../fleet/update-truck.ts';
import { id, optional } from '../inputs.ts';
import { procedureFor, router } from '../trpc.ts';

export const fleetRouter = router({
  trucks: procedureFor('operator').query(({ ctx }) => listTrucks(ctx.services.store)),
  createTruck: procedureFor('admin')
    .input(createTruckInput)
    .mutation(({ ctx, input }) => createTruck(ctx.services.store, ctx.actor, input)),
  updateTruck: procedureFor('admin')
    .input(updateTruckInput)
    .mutation(({ ctx, input }) => updateTruck(ctx.services.store, ctx.actor, input)),
  truckOut: procedureFor('supervisor')
    .input(z.object({ truckId: id, reason: z.string().trim().min(1).max(500).optional() }))
    .mutation(({ ctx, input }) => truckOut(ctx.services.store, ctx.actor, input)),
  truckReturned: procedureFor('supervisor')
    .input(z.object({ truckId: id }))
    .mutation(({ ctx, input }) => truckReturned(ctx.services.store, ctx.actor, input.truckId)),
  /** What a re-plan may do with a truck: anything, nothing, or give it no new work. */
  planTruck: procedureFor('supervisor')
    .input(z.object({ truckId: id, planning: truckPlanning }))
    .mutation(({ ctx, input }) => planTruck(ctx.services.store, ctx.actor, input)),
  registerDevice: procedureFor('admin')
    .input(registerDeviceInput)
    .mutation(({ ctx, input }) => registerDevice(ctx.services.store, ctx.actor, input)),
  moveDevice: procedureFor('admin')
    .input(moveDeviceInput)
    .mutation(({ ctx, input }) => moveDevice(ctx.services.store, ctx.actor, input)),
  revokeDevice: procedureFor('admin')
    .input(z.object({ deviceId: id }))
    .mutation(({ ctx, input }) => revokeDevice(ctx.services.store, ctx.actor, input.deviceId)),
  deviceHealth: procedureFor('operator').query(
    async ({ ctx }) => (await ctx.services.deviceHealth?.()) ?? [],
  ),
  drivers: procedureFor('operator')
    .input(optional(z.object({ state: driverState.optional(), zone: zone.optional() })))
    .query(({ ctx, input }) => listDrivers(ctx.services.store, input)),
  createDriver: procedureFor('admin')
    .input(createDriverInput)
    .mutation(({ ctx, input }) => createDriver(ctx.services.store, ctx.actor, input)),
  updateDriver: procedureFor('admin')
    .input(updateDriverInput)
    .mutation(({ ctx, input }) => updateDriver(ctx.services.store, ctx.actor, input)),
  containers: procedureFor('operator')
    .input(optional(z.object({ zone: zone.optional(), active: z.boolean().optional() })))
    .query(({ ctx, input }) => listContainers(ctx.services.store, input)),
  createContainer: procedureFor('admin')
    .input(createContainerInput)
    .mutation(({ ctx, input }) => createContainer(ctx.services.store, ctx.actor, input)),
  updateContainer: procedureFor('admin')
    .input(updateContainerInput)
    .mutation(({ ctx, input }) => updateContainer(ctx.services.store, ctx.actor, input)),
});
