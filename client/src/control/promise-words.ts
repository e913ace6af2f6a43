/** What would lift what stops an incident, as a dispatcher would say it. */
import type { PlanLift } from '../../../shared/plan.ts';
import { plateDigits, signedSpan, span } from '../format/format.ts';

type Translate = (key: string, named: Record<string, unknown>) => string;

export function liftSentence(lift: PlanLift, plate: string, t: Translate): string {
  const word = lift.rule === 'truck' ? (lift.kept ?? 'idle') : lift.rule;
  return t(`control.promises.lift.${word}`, {
    label: plateDigits(plate),
    more: span(Math.max(60, lift.seconds)),
    work: signedSpan(lift.workS),
  });
}
