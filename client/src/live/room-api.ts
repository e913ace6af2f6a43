/** What the room asks of the server, named once; the tRPC client behind it is made in app/api.ts. */
import type { ClosureInput, ClosureView } from '../../../shared/closure.ts';
import type { TruckView } from '../../../shared/fleet.ts';
import type { DomainEvent } from '../../../shared/events.ts';
import type { IncidentView } from '../../../shared/incident.ts';
import type { PlanDiff, PlanHistoryEntry, PlanView, ProposalView } from '../../../shared/plan.ts';
import type { Rules, Zone } from '../../../shared/rules.ts';
import type { LiveTruck, TrackView } from '../../../shared/telemetry.ts';

export interface ZoneStatus {
  zone: Zone;
  validatedSeverity: number;
  threshold: number;
  plannedRoute: number | null;
}

export interface MoveRequest {
  stopId: number;
  toRouteId: number;
  index?: number;
  dryRun?: boolean;
  baseVersion?: number;
}

/** The cheapest place on one live route, as the server prices it. */
export interface BestPlace {
  routeId: number;
  plate: string;
  /** Among the stops still to be done, from 1; null with `refused`. */
  number: number | null;
  seconds: number | null;
  metres: number | null;
  late: { stopId: number; seconds: number }[];
  refused: string | null;
}

export interface Watch<Data> {
  onData(data: Data): void;
  /** The stream stands (again): what happened before it must be read. */
  onStarted(): void;
  /** The stream is down and being reopened. */
  onLost(): void;
}

export interface RoomApi {
  plan(): Promise<PlanView>;
  proposals(): Promise<ProposalView[]>;
  history(): Promise<PlanHistoryEntry[]>;
  incidents(): Promise<IncidentView[]>;
  trucks(): Promise<TruckView[]>;
  zones(): Promise<ZoneStatus[]>;
  rules(): Promise<Rules>;
  closures(): Promise<ClosureView[]>;
  /** Where an incident could go, the cheapest first. */
  places(incidentId: number): Promise<BestPlace[]>;
  track(truckId: number, from: string, to: string): Promise<TrackView>;
  validate(id: number): Promise<unknown>;
  cancel(id: number, reason: string): Promise<unknown>;
  approve(proposalId: number): Promise<unknown>;
  reject(proposalId: number, reason: string): Promise<unknown>;
  moveStop(request: MoveRequest, signal?: AbortSignal): Promise<{ version?: number; diff: PlanDiff }>;
  breakdown(truckId: number, dryRun: boolean): Promise<{ proposalId?: number; diff: PlanDiff }>;
  undo(version: number): Promise<{ version: number }>;
  generate(zone: Zone): Promise<unknown>;
  closeArea(closure: ClosureInput): Promise<unknown>;
  openArea(id: number): Promise<unknown>;
  truckReturned(truckId: number): Promise<unknown>;
  /** Both return the function that closes them. */
  watchEvents(watch: Watch<DomainEvent>): () => void;
  watchTrucks(watch: Watch<readonly LiveTruck[]>): () => void;
  /** Resolves when the server answers anything at all: tells a quiet hour from a cut. */
  probe(): Promise<void>;
}
