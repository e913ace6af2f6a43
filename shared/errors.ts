/**
 * The one error the domain throws. `reason` is a stable word that clients switch on; `message` is for people
 * reading a log; `detail` is safe to show (ids, versions, names of fields) and never holds SQL or a stack.
 */
export type ErrorKind =
  | 'bad-request'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'too-many'
  | 'unavailable'
  | 'internal';

const KIND_BY_REASON = {
  'outside-service-area': 'bad-request',
  'nothing-validated': 'bad-request',
  'events-gone': 'bad-request',
  'invalid-input': 'bad-request',
  'invalid-cedula': 'bad-request',
  'no-truck-available': 'conflict',
  'invalid-transition': 'conflict',
  'stale-version': 'conflict',
  'stop-frozen': 'conflict',
  'stop-pinned': 'conflict',
  'truck-locked': 'conflict',
  'truck-excluded': 'conflict',
  'capacity-exceeded': 'conflict',
  'shift-exceeded': 'conflict',
  'landfill-closed': 'conflict',
  'skill-missing': 'conflict',
  'rule-broken': 'conflict',
  'already-exists': 'conflict',
  'driver-busy': 'conflict',
  'driver-inactive': 'conflict',
  'licence-missing': 'conflict',
  'truck-busy': 'conflict',
  'unknown-zone': 'bad-request',
  'wrong-credentials': 'unauthorized',
  'not-signed-in': 'unauthorized',
  'wrong-role': 'forbidden',
  'not-yours': 'forbidden',
  'not-found': 'not-found',
  'too-many-requests': 'too-many',
  'too-many-attempts': 'too-many',
  'database-unavailable': 'unavailable',
  'shutting-down': 'unavailable',
  internal: 'internal',
} as const satisfies Record<string, ErrorKind>;

export type ErrorReason = keyof typeof KIND_BY_REASON;

export class DomainError extends Error {
  override readonly name = 'DomainError';
  readonly reason: ErrorReason;
  readonly kind: ErrorKind;
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(reason: ErrorReason, message?: string, detail: Record<string, unknown> = {}) {
    super(message ?? reason);
    this.reason = reason;
    this.kind = KIND_BY_REASON[reason];
    this.detail = detail;
  }
}

/** True for a domain error with this reason (or any reason when none is given). */
export function isDomainError(error: unknown, reason?: ErrorReason): error is DomainError {
  return error instanceof DomainError && (reason === undefined || error.reason === reason);
}
