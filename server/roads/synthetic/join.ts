import { apartM, between, crossing, indexPieces, lengthM, pairs } from './plane.ts';
import type { PieceIndex, Spot } from './plane.ts';
import type { Street, Waters } from './streets.ts';

/** Streets whose ends come this near to another are led on to it. */
const REACH_M = 62;
/** Crossings nearer than this are one crossing. */
const MERGE_M = 9;
/** Ends that stick out less than this beyond the last crossing are cut off. */
const STUB_M = 38;
/** How far a drawn bend may be flattened. */
const FLATTEN_M = 1.3;

/** Bends this near to water stay, so that a bridge is no longer than it must be. */
const BANK_M = 26;

export interface Link {
  from: number;
  to: number;
  isBridge: boolean;
  oneway: boolean;
}

/** A street as a chain of links; the `to` of one is the `from` of the next. */
export interface Chain {
  street: Street;
  links: Link[];
}

export interface Network {
  spots: Spot[];
  chains: Chain[];
}

/** Joins streets into one network: every crossing on the ground becomes a shared spot. */
export function joinStreets(drawn: readonly Street[], waters: Waters): Network {
  const streets = drawn.flatMap((street) => (street.hasBridges ? [street] : onDryLand(street, waters)));
  leadEndsToNeighbours(streets, waters);

  const spots: Spot[] = [];
  const crossingAt = spotFinder(spots);
  const cuts = findCrossings(streets, crossingAt);
  const chainsOfSpots = streets.map((street, i) => threadThrough(street.line, cuts[i] ?? [], spots));

  const uses = new Map<number, number>();
  for (const chain of chainsOfSpots)
    for (const spot of new Set(chain)) uses.set(spot, (uses.get(spot) ?? 0) + 1);
  const isShared = (spot: number): boolean => (uses.get(spot) ?? 0) > 1;

  const taken = new Set<string>();
  const chains: Chain[] = [];
  streets.forEach((street, i) => {
    const trimmed = trimStubs(chainsOfSpots[i] ?? [], spots, isShared);
    const isBank = (spot: number): boolean => street.hasBridges && waters.isWet(spots[spot] as Spot, BANK_M);
    const flat = flatten(trimmed, spots, (spot) => isShared(spot) || isBank(spot));
    let links: Link[] = [];
    for (const [from, to] of pairs(flat)) {
      const key = from < to ? `${from}-${to}` : `${to}-${from}`;
      if (taken.has(key)) {
        if (links.length > 0) chains.push({ street, links });
        links = [];
        continue;
      }
      taken.add(key);
      links.push({
        from,
        to,
        isBridge: street.hasBridges && isOverWater(spots, from, to, waters),
        oneway: street.oneway,
      });
    }
    if (links.length > 0) chains.push({ street, links });
  });
  return { spots, chains };
}

function onDryLand(street: Street, waters: Waters): Street[] {
  const parts: Spot[][] = [[]];
  for (const spot of street.line) {
    if (waters.isWet(spot, 16)) parts.push([]);
    else parts.at(-1)?.push(spot);
  }
  return parts.filter((line) => line.length > 1).map((line) => ({ ...street, line }));
}

function leadEndsToNeighbours(streets: readonly Street[], waters: Waters): void {
  const index = indexPieces(streets.map((street) => street.line));
  streets.forEach((street, own) => {
    if (street.highway === 'trunk') return;
    const { line } = street;
    for (const end of ['start', 'finish'] as const) {
      const tip = end === 'start' ? line[0] : line.at(-1);
      const before = end === 'start' ? line[1] : line.at(-2);
      if (!tip || !before) continue;
      const isOther = (other: number): boolean => other !== own;
      const touching = index.nearest(tip, 9, isOther);
      if (touching) continue;
      const target = aheadOf(before, tip, own, index) ?? index.nearest(tip, REACH_M * 0.6, isOther)?.point;
      if (!target) continue;
      const beyond = between(tip, target, 1 + 1.5 / Math.max(apartM(tip, target), 1));
      const crossesWater = [0.25, 0.5, 0.75, 1].some((share) => waters.isWet(between(tip, target, share), 8));
      if (crossesWater) continue;
      if (end === 'start') line.unshift(beyond);
      else line.push(beyond);
    }
  });
}

/** Where a street meets the next one if it goes straight on. */
function aheadOf(before: Spot, tip: Spot, own: number, index: PieceIndex): Spot | null {
  const far = between(before, tip, 1 + REACH_M / Math.max(apartM(before, tip), 0.1));
  let best: Spot | null = null;
  for (const piece of index.around(tip, far)) {
    if (piece.line === own) continue;
    const hit = crossing(tip, far, piece.a, piece.b);
    if (hit && (!best || apartM(tip, hit.point) < apartM(tip, best))) best = hit.point;
  }
  return best;
}

/** Gives a spot its number; one within MERGE_M of an earlier is that one. */
function spotFinder(spots: Spot[]): (spot: Spot) => number {
  const cells = new Map<string, number[]>();
  const cellOf = (spot: Spot): [number, number] => [
    Math.floor(spot[0] / MERGE_M),
    Math.floor(spot[1] / MERGE_M),
  ];
  return (spot) => {
    const [column, row] = cellOf(spot);
    for (let x = column - 1; x <= column + 1; x++) {
      for (let y = row - 1; y <= row + 1; y++) {
        for (const known of cells.get(`${x},${y}`) ?? []) {
          if (apartM(spots[known] as Spot, spot) <= MERGE_M) return known;
        }
      }
    }
    const key = `${column},${row}`;
    const number = spots.push(spot) - 1;
    cells.set(key, [...(cells.get(key) ?? []), number]);
    return number;
  };
}

interface Cut {
  /** Piece number plus the share along it. */
  along: number;
  spot: number;
}

function findCrossings(streets: readonly Street[], crossingAt: (spot: Spot) => number): Cut[][] {
  const cuts: Cut[][] = streets.map(() => []);
  const index = indexPieces(streets.map((street) => street.line));
  streets.forEach((street, first) => {
    pairs(street.line).forEach(([a, b], at) => {
      for (const piece of index.around(a, b)) {
        if (piece.line <= first) continue;
        const hit = crossing(a, b, piece.a, piece.b);
        if (!hit) continue;
        const spot = crossingAt(hit.point);
        cuts[first]?.push({ along: at + hit.first, spot });
        cuts[piece.line]?.push({ along: piece.at + hit.second, spot });
      }
    });
  });
  // Ends that coincide (lanes of the mesh, roads drawn to a common point) may be parallel there.
  streets.forEach((street, i) => {
    const [tip, tail] = [street.line[0], street.line.at(-1)];
    if (tip) cuts[i]?.push({ along: -0.001, spot: crossingAt(tip) });
    if (tail) cuts[i]?.push({ along: street.line.length - 1 + 0.001, spot: crossingAt(tail) });
  });
  return cuts;
}

/** The street's numbered spots in order: its crossings, and its own bends between them. */
function threadThrough(line: readonly Spot[], cuts: readonly Cut[], spots: Spot[]): number[] {
  const inOrder = [...cuts].sort((a, b) => a.along - b.along);
  const chain: number[] = [];
  const add = (spot: number): void => {
    if (chain.at(-1) !== spot) chain.push(spot);
  };
  let next = 0;
  line.forEach((bend, at) => {
    for (let cut = inOrder[next]; cut && cut.along <= at; cut = inOrder[++next]) add(cut.spot);
    const [behind, ahead] = [inOrder[next - 1], inOrder[next]];
    const isAtCrossing = [behind, ahead].some(
      (cut) => cut && apartM(spots[cut.spot] as Spot, bend) < MERGE_M,
    );
    if (!isAtCrossing) add(spots.push(bend) - 1);
  });
  for (let cut = inOrder[next]; cut; cut = inOrder[++next]) add(cut.spot);
  return chain;
}

function trimStubs(
  chain: readonly number[],
  spots: readonly Spot[],
  isShared: (spot: number) => boolean,
): number[] {
  const trimStart = (list: readonly number[]): readonly number[] => {
    const first = list.findIndex(isShared);
    if (first <= 0) return list;
    const stub = list.slice(0, first + 1).map((spot) => spots[spot] as Spot);
    return lengthM(stub) < STUB_M ? list.slice(first) : list;
  };
  const forward = trimStart(chain);
  return [...trimStart([...forward].reverse())].reverse();
}

/** Douglas–Peucker between crossings: bends that do not show are left out. */
function flatten(
  chain: readonly number[],
  spots: readonly Spot[],
  mustStay: (spot: number) => boolean,
): number[] {
  const kept: number[] = [];
  let from = 0;
  for (let at = 0; at < chain.length; at++) {
    const isFixed = at === 0 || at === chain.length - 1 || mustStay(chain[at] as number);
    if (!isFixed) continue;
    if (at > from) kept.push(...bendsWithin(chain.slice(from, at + 1), spots));
    kept.push(chain[at] as number);
    from = at;
  }
  return kept;
}

/** The bends to keep strictly between the first and the last of a piece. */
function bendsWithin(piece: readonly number[], spots: readonly Spot[]): number[] {
  const [first, last] = [spots[piece[0] as number] as Spot, spots[piece.at(-1) as number] as Spot];
  const span = apartM(first, last);
  let [worst, worstM] = [-1, FLATTEN_M];
  for (let i = 1; i + 1 < piece.length; i++) {
    const spot = spots[piece[i] as number] as Spot;
    const offM =
      span < 1
        ? apartM(spot, first)
        : Math.abs(
            (last[0] - first[0]) * (spot[1] - first[1]) - (last[1] - first[1]) * (spot[0] - first[0]),
          ) / span;
    if (offM > worstM) [worst, worstM] = [i, offM];
  }
  if (worst < 0) return [];
  return [
    ...bendsWithin(piece.slice(0, worst + 1), spots),
    piece[worst] as number,
    ...bendsWithin(piece.slice(worst), spots),
  ];
}

function isOverWater(spots: readonly Spot[], from: number, to: number, waters: Waters): boolean {
  const [a, b] = [spots[from] as Spot, spots[to] as Spot];
  const steps = Math.max(2, Math.ceil(apartM(a, b) / 8));
  return Array.from({ length: steps + 1 }, (_, i) => between(a, b, i / steps)).some((spot) =>
    waters.isWet(spot, 1),
  );
}
