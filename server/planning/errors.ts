/** VROOM's status codes: 1 internal, 2 input, 3 routing. */
export type PlannerErrorCode = 1 | 2 | 3;

/** The problem cannot be read or has no meaning; `code` is VROOM's, `message` names the offending field. */
export class PlannerInputError extends Error {
  readonly code: PlannerErrorCode;
  constructor(message: string, code: PlannerErrorCode = 2) {
    super(message);
    this.name = 'PlannerInputError';
    this.code = code;
  }
}
