import type { TurnRestriction } from './restrictions.ts';
import { reversed, type Street, type StreetNetwork } from './street-network.ts';

/**
 * Joins pieces of street at nodes where there is nothing to decide: two streets of the same class meet, no barrier
 * stands there, no signal stops there and no restriction starts or ends there. Changes the network in place;
 * joined-in streets become null.
 */
export function joinStreets(
  network: StreetNetwork,
  restrictions: readonly TurnRestriction[],
): (Street | null)[] {
  const keep = new Set([...network.barrier, ...network.signal, ...network.signalFrom.keys()]);
  for (const { via } of restrictions) {
    keep.add(via[0]!);
    keep.add(via.at(-1)!);
  }
  const streets: (Street | null)[] = network.streets;
  for (let node = 0; node < network.at.length; node++) {
    const here = network.at[node]!;
    if (here.length !== 2 || keep.has(node)) continue;
    const [first, second] = here as [number, number];
    if (first === second) continue;
    const before = ending(streets[first]!, node);
    const after = starting(streets[second]!, node);
    const from = before.path[0]!;
    const to = after.path.at(-1)!;
    if (from === to || from === node || to === node) continue;
    if (network.at[from]!.some((other) => touches(streets[other]!, to))) continue;
    if (before.forwardClass !== after.forwardClass || before.reverseClass !== after.reverseClass) continue;
    if (nameOf(network, before) !== nameOf(network, after)) continue;
    streets[first] = joined(before, after);
    streets[second] = null;
    network.at[node] = [];
    const atEnd = network.at[to]!;
    atEnd[atEnd.indexOf(second)] = first;
  }
  return streets;
}

/** One-way streets as they are driven, others from the end with the smaller id: as OSRM numbers them. */
export function oriented(street: Street): Street {
  if (street.forwardClass < 0) return reversed(street);
  return street.reverseClass >= 0 && street.path[0]! > street.path.at(-1)! ? reversed(street) : street;
}

function ending(street: Street, node: number): Street {
  return street.path.at(-1) === node ? street : reversed(street);
}

function starting(street: Street, node: number): Street {
  return street.path[0] === node ? street : reversed(street);
}

function touches(street: Street, node: number): boolean {
  return street.path[0] === node || street.path.at(-1) === node;
}

function nameOf(network: StreetNetwork, street: Street): string {
  const index = street.forwardClass >= 0 ? street.forwardClass : street.reverseClass;
  return network.classes[index]?.name ?? '';
}

function joined(before: Street, after: Street): Street {
  return {
    path: [...before.path, ...after.path.slice(1)],
    forwardWeight: [...before.forwardWeight, ...after.forwardWeight],
    forwardDuration: [...before.forwardDuration, ...after.forwardDuration],
    reverseWeight: [...before.reverseWeight, ...after.reverseWeight],
    reverseDuration: [...before.reverseDuration, ...after.reverseDuration],
    forwardClass: before.forwardClass,
    reverseClass: before.reverseClass,
    forwardUTurnLane: after.forwardUTurnLane,
    reverseUTurnLane: before.reverseUTurnLane,
  };
}

/** Does a signal at `node` stop traffic that comes from its neighbour `from`? */
export function stops(network: StreetNetwork, node: number, from: number): boolean {
  return network.signal.has(node) || (network.signalFrom.get(node)?.has(from) ?? false);
}
