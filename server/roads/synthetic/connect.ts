import type { Chain, Link, Network } from './join.ts';

/**
 * Makes every spot on a street reachable from every other by car: pieces that hang together with nothing are
 * dropped, and a one-way link that would lead into a trap, or out of nowhere, becomes two-way. Farm tracks are
 * not for cars: they stay where they touch the rest, and carry nothing.
 */
export function connectNetwork(network: Network): Network {
  const isTrack = ({ street }: Chain): boolean => street.highway === 'track';
  const forCars = network.chains.filter((chain) => !isTrack(chain));
  const largest = strongComponent(forCars, true);
  const streets = forCars.flatMap((chain) => keepLinks(chain, (link) => largest.has(link.from)));
  openTraps(streets);

  const withTracks = [...streets, ...network.chains.filter(isTrack)];
  const attached = strongComponent(withTracks, true);
  const chains = withTracks.flatMap((chain) => keepLinks(chain, (link) => attached.has(link.from)));
  return { spots: network.spots, chains };
}

function openTraps(chains: readonly Chain[]): void {
  for (let opened = 1; opened > 0;) {
    opened = 0;
    const main = strongComponent(chains, false);
    for (const link of chains.flatMap(({ links }) => links)) {
      if (!link.oneway || (main.has(link.from) && main.has(link.to))) continue;
      link.oneway = false;
      opened++;
    }
  }
}

function keepLinks(chain: Chain, isKept: (link: Link) => boolean): Chain[] {
  const parts: Chain[] = [];
  let links: Link[] = [];
  for (const link of chain.links) {
    if (isKept(link)) {
      links.push({ ...link });
      continue;
    }
    if (links.length > 0) parts.push({ street: chain.street, links });
    links = [];
  }
  if (links.length > 0) parts.push({ street: chain.street, links });
  return parts;
}

/** Spots of the largest strongly connected part (Kosaraju's two passes, without recursion). */
export function strongComponent(chains: readonly Chain[], ignoreOneways: boolean): Set<number> {
  const ahead = new Map<number, number[]>();
  const behind = new Map<number, number[]>();
  const add = (map: Map<number, number[]>, from: number, to: number): void => {
    const list = map.get(from);
    if (list) list.push(to);
    else map.set(from, [to]);
  };
  for (const { links } of chains) {
    for (const { from, to, oneway } of links) {
      add(ahead, from, to);
      add(behind, to, from);
      if (!oneway || ignoreOneways) {
        add(ahead, to, from);
        add(behind, from, to);
      }
    }
  }
  const order: number[] = [];
  const seen = new Set<number>();
  for (const start of new Set([...ahead.keys(), ...behind.keys()])) {
    if (seen.has(start)) continue;
    seen.add(start);
    const stack: { spot: number; next: number }[] = [{ spot: start, next: 0 }];
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const neighbour = ahead.get(top.spot)?.[top.next++];
      if (neighbour === undefined) {
        order.push(top.spot);
        stack.pop();
      } else if (!seen.has(neighbour)) {
        seen.add(neighbour);
        stack.push({ spot: neighbour, next: 0 });
      }
    }
  }
  let largest = new Set<number>();
  const placed = new Set<number>();
  for (const start of order.reverse()) {
    if (placed.has(start)) continue;
    placed.add(start);
    const component = new Set([start]);
    for (const spot of component) {
      for (const neighbour of behind.get(spot) ?? []) {
        if (placed.has(neighbour)) continue;
        placed.add(neighbour);
        component.add(neighbour);
      }
    }
    if (component.size > largest.size) largest = component;
  }
  return largest;
}
