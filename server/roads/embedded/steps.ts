import type { Graph } from './graph.ts';
import type { Leg } from './leg.ts';
import type { Options } from './request.ts';

export function stepsOf(
  _graph: Graph,
  _leg: Leg,
  _options: Options,
): { steps: Record<string, unknown>[]; summary: string } {
  return { steps: [], summary: '' };
}
