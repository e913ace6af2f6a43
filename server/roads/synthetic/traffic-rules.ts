import type { Network } from './join.ts';
import { apartM } from './plane.ts';
import type { Spot } from './plane.ts';

export interface TurnRule {
  kind: 'no_left_turn' | 'no_right_turn' | 'only_straight_on';
  /** Spots: the one before the crossing, the crossing, the one after. */
  from: number;
  via: number;
  to: number;
}

interface Arm {
  spot: number;
  isMajor: boolean;
  isOneway: boolean;
  chain: number;
}

const MAJOR = new Set(['trunk', 'primary', 'secondary']);
const SIGNALS_APART_M = 160;
const RULES_APART_M = 420;
const RULES = 14;

/** Traffic lights where major streets meet, and a dozen forbidden turns on them. */
export function chooseTrafficRules(network: Network): { signals: Set<number>; turns: TurnRule[] } {
  const arms = armsOfCrossings(network);
  const spotOf = (spot: number): Spot => network.spots[spot] as Spot;
  const signals = new Set<number>();
  const turns: TurnRule[] = [];
  const isClear = (spot: number, taken: Iterable<number>, apart: number): boolean =>
    [...taken].every((other) => apartM(spotOf(other), spotOf(spot)) > apart);

  for (const [via, around] of arms) {
    const isTown = Math.hypot(...spotOf(via)) < 3000;
    if (!isTown || around.length < 3) continue;
    const majorStreets = new Set(around.filter((arm) => arm.isMajor).map((arm) => arm.chain)).size;
    const isBusy = majorStreets >= 2 || (majorStreets === 1 && around.length >= 4);
    if (isBusy && isClear(via, signals, majorStreets >= 2 ? 60 : 2 * SIGNALS_APART_M)) signals.add(via);
    const canRule = around.length === 4 && majorStreets >= 1 && around.every((arm) => !arm.isOneway);
    if (
      canRule &&
      turns.length < RULES &&
      isClear(
        via,
        turns.map((turn) => turn.via),
        RULES_APART_M,
      )
    ) {
      const turn = turnAt(via, around, spotOf, turns.length);
      if (turn) turns.push(turn);
    }
  }
  return { signals, turns };
}

function armsOfCrossings(network: Network): Map<number, Arm[]> {
  const arms = new Map<number, Arm[]>();
  network.chains.forEach(({ street, links }, chain) => {
    for (const { from, to, oneway } of links) {
      for (const [here, there] of [
        [from, to],
        [to, from],
      ] as const) {
        const arm = { spot: there, isMajor: MAJOR.has(street.highway), isOneway: oneway, chain };
        const known = arms.get(here);
        if (known) known.push(arm);
        else arms.set(here, [arm]);
      }
    }
  });
  return arms;
}

function turnAt(
  via: number,
  around: readonly Arm[],
  spotOf: (spot: number) => Spot,
  count: number,
): TurnRule | null {
  const from = around.find((arm) => arm.isMajor);
  if (!from) return null;
  const angleTo = (arm: Arm): number => {
    const [a, b, c] = [spotOf(from.spot), spotOf(via), spotOf(arm.spot)];
    const turn = Math.atan2(c[1] - b[1], c[0] - b[0]) - Math.atan2(b[1] - a[1], b[0] - a[0]);
    return Math.atan2(Math.sin(turn), Math.cos(turn));
  };
  const rest = around.filter((arm) => arm !== from);
  const kind = count % 7 === 3 ? 'only_straight_on' : count % 5 === 2 ? 'no_right_turn' : 'no_left_turn';
  const wanted = { only_straight_on: 0, no_right_turn: -Math.PI / 2, no_left_turn: Math.PI / 2 }[kind];
  const to = rest.find((arm) => Math.abs(angleTo(arm) - wanted) < 0.5);
  return to ? { kind, from: from.spot, via, to: to.spot } : null;
}
