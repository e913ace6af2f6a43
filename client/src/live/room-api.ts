/** What the room asks of the server, named once; the tRPC client behind it is made in app/api.ts. */
import type { AlertView } from '../../../shared/alerts.ts';
import type { ClosureInput, ClosureView } from '../../../shared/closure.ts';
import type { TruckPlanning, TruckView } from '../../../shared/fleet.ts';
import type { DomainEvent } from '../../../shared/events.ts';
import type { IncidentView } from '../../../shared/incident.ts';
import type {
  AlternativeName,
  AlternativeView,
  DraftView,
  PartRoute,
  PlanDiff,
  PlanHistoryEntry,
  PlanLift,
  PlanProblem,
  PlanView,
  ProposalView,
  StopPin,
} from '../../../shared/plan.ts';
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

export interface PartRequest {
  id: number;
  alternative: AlternativeName;
  stopIds: number[];
  dryRun?: boolean;
}

/** What some moves of a proposal cost on their own, and what stands against them. */
export interface PartPrice {
  diff: PlanDiff;
  leftOut: number[];
  problems: PlanProblem[];
  /** Stops whose move would make it keep every rule. */
  together: number[];
  /** When its routes reach their stops. */
  routes: PartRoute[];
}

export interface DraftMoveRequest {
  draftId: number;
  stopId: number;
  /** A truck in service, also one without a route. */
  toTruckId: number;
  index: number;
  dryRun?: boolean;
  revision?: number;
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

/** An open promise, how likely it is kept, and by whom; or what it would take. */
export interface OpenPromise {
  incidentId: number;
  code: string;
  type: IncidentView['type'];
  severity: number;
  address: string | null;
  windowEnd: string;
  keep: number;
  planned: { plate: string; truckId: number; eta: string; etaEarliest: string; etaLatest: string } | null;
  waiting:
    | { plate: string; keep: number; workS: number; metres: number }
    | { reason: string; lifts: (PlanLift & { plate: string })[] }
    | null;
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
  /** Those not yet cleared. */
  alerts(): Promise<AlertView[]>;
  /** Where an incident could go, the cheapest first. */
  places(incidentId: number): Promise<BestPlace[]>;
  /** The same for a stop that is on a route. */
  placesOfStop(stopId: number): Promise<BestPlace[]>;
  track(truckId: number, from: string, to: string): Promise<TrackView>;
  validate(id: number): Promise<unknown>;
  cancel(id: number, reason: string): Promise<unknown>;
  /** The slider's points of a proposal, as far as they are computed. */
  alternatives(proposalId: number): Promise<AlternativeView[]>;
  approve(proposalId: number, alternative: AlternativeName): Promise<unknown>;
  approvePart(request: PartRequest, signal?: AbortSignal): Promise<PartPrice>;
  drafts(): Promise<DraftView[]>;
  editProposal(proposalId: number, alternative: AlternativeName): Promise<DraftView>;
  moveInDraft(
    request: DraftMoveRequest,
    signal?: AbortSignal,
  ): Promise<{ diff: PlanDiff; problems?: PlanProblem[] }>;
  approveDraft(draftId: number, revision: number): Promise<unknown>;
  discardDraft(draftId: number): Promise<unknown>;
  setAutoApprove(limit: Rules['autoApproveBelow']): Promise<unknown>;
  reject(proposalId: number, reason: string): Promise<unknown>;
  moveStop(request: MoveRequest, signal?: AbortSignal): Promise<{ version?: number; diff: PlanDiff }>;
  breakdown(truckId: number, dryRun: boolean): Promise<{ proposalId?: number; diff: PlanDiff }>;
  undo(version: number): Promise<{ version: number }>;
  generate(zone: Zone): Promise<unknown>;
  closeArea(closure: ClosureInput): Promise<unknown>;
  openArea(id: number): Promise<unknown>;
  truckReturned(truckId: number): Promise<unknown>;
  /** Open promises, the one most in danger first. */
  promises(): Promise<OpenPromise[]>;
  /** Keeps a stop on its truck, or in its place; null lets it go. */
  pinStop(stopId: number, pin: StopPin | null): Promise<unknown>;
  /** What a re-plan may do with a truck. */
  planTruck(truckId: number, planning: TruckPlanning): Promise<unknown>;
  /** Both return the function that closes them. */
  watchEvents(watch: Watch<DomainEvent>): () => void;
  watchTrucks(watch: Watch<readonly LiveTruck[]>): () => void;
  /** Resolves when the server answers anything at all: tells a quiet hour from a cut. */
  probe(): Promise<void>;
}
