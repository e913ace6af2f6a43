/** Words of the plan turned into sentences. A reason is a stable word, with ids after colons where it names things. */
import { points, span, type Locale } from '../format/format.ts';
import type { PlanProblem, ProposalView } from '../../../shared/plan.ts';
import type { RoomTruck } from '../live/room-view.ts';
import type { PictureMove } from './proposal-picture.ts';

type Translate = (key: string, named?: Record<string, unknown>, plural?: number) => string;

const KNOWN_REASONS = new Set([
  'new',
  'dropped',
  'truck-out',
  'by-hand',
  'undo',
  'load',
  'window-kept',
  'shift-kept',
  'shorter-detour',
  'rebalanced',
]);

/** Whether a truck gives up stops in a proposal made for its breakdown. */
function brokenTruck(proposal: ProposalView, trucks: readonly RoomTruck[]): RoomTruck | null {
  const id = Number(/^breakdown:(\d+)/.exec(proposal.reason)?.[1]);
  return trucks.find((truck) => truck.id === id) ?? null;
}

/** "Propuesta lista: reparte las 9 paradas de 0218". */
export function proposalTitle(
  proposal: ProposalView,
  trucks: readonly RoomTruck[],
  t: (key: string, named: Record<string, unknown>, plural: number) => string,
): string {
  const { moved } = proposal.diff;
  const broken = brokenTruck(proposal, trucks);
  if (broken) {
    // Others may change trucks to make room: what is said of the broken one is what it gives up.
    const given = moved.filter((move) => move.fromTruckId === broken.id).length;
    return t('planning.offer.breakdown', { count: given, label: broken.label }, given);
  }
  const count = moved.length;
  return t(`planning.offer.${proposal.kind}`, { count }, count);
}

/** Why the proposal was made, for the bar above the map. */
export function proposalCause(
  proposal: ProposalView,
  trucks: readonly RoomTruck[],
  t: (key: string, named: Record<string, unknown>) => string,
): string {
  const broken = brokenTruck(proposal, trucks);
  if (broken) return t('planning.cause.breakdown', { plate: broken.plate });
  const lateId = Number(/^late:(\d+)/.exec(proposal.reason)?.[1]);
  const late = trucks.find((truck) => truck.id === lateId);
  if (late) return t('planning.cause.late', { plate: late.plate });
  return t(`planning.cause.${proposal.kind}`, {});
}

/** More numbers than these are not read one by one. */
const NUMBERS_TOLD = 6;

/** Numbers start again after each landfill: where one would stand twice, or many, how many they are says more. */
function wayOfNaming({ fromTruck, moves, numbers }: PictureMove): 'stops' | 'many' | 'newStops' {
  if (!fromTruck) return 'newStops';
  const isClear = new Set(numbers).size === moves.length && numbers.length <= NUMBERS_TOLD;
  return isClear || moves.length === 1 ? 'stops' : 'many';
}

/** The first sentence of a move: what goes, from whom, to whom, after which stop. */
export function moveSentence(move: PictureMove, t: Translate): { what: string; rest: string; to: string } {
  const count = move.moves.length;
  const numbers = move.numbers;
  const listed =
    numbers.length > 1
      ? t('planning.sentence.list', {
          first: numbers.slice(0, -1).join(', '),
          last: numbers[numbers.length - 1]!,
        })
      : String(numbers[0] ?? '');
  const what = t(`planning.sentence.${wayOfNaming(move)}`, { list: listed }, count);
  const to = move.toTruck?.label ?? '';
  if (!move.toTruck) return { what, rest: t('planning.sentence.leaves', {}, count), to: '' };
  const rest = move.fromTruck
    ? t('planning.sentence.goes', { from: move.fromTruck.label }, count)
    : t('planning.sentence.joins', {}, count);
  return { what, rest, to };
}

/** What a part goes together with: by numbers as long as those tell which, else how many. */
export function togetherSentence(numbers: readonly string[], count: number, t: Translate): string {
  const isClear = new Set(numbers).size === count && count <= NUMBERS_TOLD;
  return isClear
    ? t('planning.part.together', { list: numbers.join(', ') }, count)
    : t('planning.part.togetherMany', { count }, count);
}

/** Where on the receiving truck: ", su próxima.", ", tras su parada 9.", ", al final." */
export function placeSentence(move: PictureMove, t: Translate): string {
  if (!move.place || !move.toTruck) return '.';
  const number = 'number' in move.place ? String(move.place.number) : '';
  return `, ${t(`planning.sentence.place.${move.place.kind}`, { number }, move.moves.length)}.`;
}

/** Which rule stands against a part or a draft, on which truck, by how much. */
export function problemSentence(problem: PlanProblem, label: string, t: Translate): string {
  const minutes = Math.max(1, Math.round((problem.seconds ?? 0) / 60));
  return t(`planning.problem.${problem.rule}`, { label, minutes });
}

/**
 * The second sentence of a move: why, with what would have been, had it stayed — which promise, which load, which
 * detour. Several stops that move together share the word alone.
 */
export function whySentence(move: PictureMove, locale: Locale, t: Translate): string {
  const [first] = move.moves;
  const about = move.moves.length === 1 ? first?.about : undefined;
  const from = move.fromTruck?.label ?? '';
  if (!first || !about || from === '') return reasonSentence(move.reason, t);
  const minutes = (seconds: number) => span(Math.max(60, seconds));
  if (move.reason === 'load' && about.load !== undefined)
    return t('planning.why.load', {
      from,
      load: points(about.load, locale),
      capacity: points(about.capacity ?? 0, locale),
    });
  if (move.reason === 'window-kept' && about.lateS !== undefined) {
    const isItself = about.stopId === undefined || about.stopId === first.stopId;
    return t(isItself ? 'planning.why.late' : 'planning.why.otherLate', { from, late: minutes(about.lateS) });
  }
  if (move.reason === 'shift-kept' && about.overS !== undefined)
    return t('planning.why.shift', { from, over: minutes(about.overS) });
  if (move.reason === 'shorter-detour' && (about.savedS ?? 0) >= 60)
    return t('planning.why.detour', { saved: minutes(about.savedS!) });
  return reasonSentence(move.reason, t);
}

/** What keeps a truck from taking a stop, in a word or two beside its name. */
const PLACE_REFUSALS: Readonly<Record<string, string>> = {
  capacity: 'full',
  skill: 'skill',
  frozen: 'frozen',
  vehicle: 'pinned',
  pinned: 'pinned',
  locked: 'locked',
  excluded: 'excluded',
  shift: 'shift',
  window: 'landfill',
  break: 'break',
  tasks: 'tasks',
  travel: 'travel',
};

/** Why a truck has no place for a stop; a word not known here says only that there is none. */
export function placeRefusal(refused: string, t: Translate): string {
  return t(`planning.refused.${PLACE_REFUSALS[refused] ?? 'room'}`);
}

/** The second sentence: why. Unknown words are not shown raw. */
export function reasonSentence(reason: string, t: Translate): string {
  const word = reason.split(':')[0] ?? '';
  return KNOWN_REASONS.has(word) ? t(`planning.reason.${word}`) : '';
}
