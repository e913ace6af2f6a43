export * from './access.ts';
export * from './assignments.ts';
export * from './events.ts';
export * from './fleet.ts';
export * from './incidents.ts';
export * from './operations.ts';
export * from './plan.ts';
export * from './telemetry.ts';
