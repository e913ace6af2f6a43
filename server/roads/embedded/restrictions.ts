import type { OsmData, OsmTags } from './osm.ts';
import { RESTRICTION_KEYS } from './profile.ts';
import type { StreetNetwork } from './street-network.ts';

/**
 * A turn restriction as nodes: coming from `from`, over `via` (one node, or the nodes of the ways between), the turn
 * to `to` is forbidden, or with `only` the one allowed. Source of the rules: the OSM wiki, Relation:restriction.
 */
export interface TurnRestriction {
  from: number;
  via: number[];
  to: number;
  only: boolean;
}

type Path = readonly number[];

export function readRestrictions(osm: OsmData, network: StreetNetwork): TurnRestriction[] {
  const wanted = new Set<number>();
  const relations = osm.relations.filter((relation) => kindOf(relation.tags) !== null);
  for (const relation of relations) {
    for (const member of relation.members) if (member.type === 'way') wanted.add(member.ref);
  }
  const pathOf = new Map<number, Path>();
  for (const way of osm.ways) {
    if (!wanted.has(way.id)) continue;
    const path = way.refs.flatMap((ref) => network.nodeOf.get(ref) ?? []);
    if (path.length >= 2) pathOf.set(way.id, path);
  }
  const restrictions: TurnRestriction[] = [];
  for (const relation of relations) {
    const only = kindOf(relation.tags) === 'only';
    const paths = (role: string): Path[] =>
      relation.members
        .filter((member) => member.role === role && member.type === 'way')
        .flatMap((member) => [pathOf.get(member.ref) ?? []])
        .filter((path) => path.length >= 2);
    const viaNode = relation.members.find((member) => member.role === 'via' && member.type === 'node');
    const node = viaNode && network.nodeOf.get(viaNode.ref);
    const viaPaths = paths('via');
    if (viaNode ? node === undefined : viaPaths.length === 0) continue;
    for (const from of paths('from')) {
      for (const to of paths('to')) {
        const via = node !== undefined ? [node] : chain(from, viaPaths, to);
        if (!via) continue;
        const before = neighbourAtEnd(from, via[0]!);
        const after = neighbourAtEnd(to, via.at(-1)!);
        if (before !== null && after !== null) restrictions.push({ from: before, via, to: after, only });
      }
    }
  }
  return restrictions;
}

function kindOf(tags: OsmTags): 'no' | 'only' | null {
  if (tags.type !== 'restriction') return null;
  const exceptions = (tags.except ?? '').split(';').map((part) => part.trim());
  if (exceptions.some((part) => (RESTRICTION_KEYS as readonly string[]).includes(part))) return null;
  let value: string | undefined;
  for (const key of RESTRICTION_KEYS) value ??= tags[`restriction:${key}`];
  value ??= tags.restriction;
  if (value?.startsWith('only_')) return 'only';
  return value?.startsWith('no_') ? 'no' : null;
}

/** The neighbour of `node` on a way that starts or ends there; null when it does neither. */
function neighbourAtEnd(path: Path, node: number): number | null {
  if (path[0] === node) return path[1]!;
  return path.at(-1) === node ? path.at(-2)! : null;
}

/** Joins the via ways into one run of nodes from the end of `from` to an end of `to`; null when they do not meet. */
function chain(from: Path, vias: Path[], to: Path): number[] | null {
  for (const start of [from[0]!, from.at(-1)!]) {
    const nodes = [start];
    const left = [...vias];
    while (left.length > 0) {
      const at = nodes.at(-1)!;
      const next = left.findIndex((path) => path[0] === at || path.at(-1) === at);
      if (next < 0) break;
      const [path] = left.splice(next, 1);
      nodes.push(...(path![0] === at ? path! : path!.toReversed()).slice(1));
    }
    if (left.length === 0 && nodes.length > 1 && neighbourAtEnd(to, nodes.at(-1)!) !== null) return nodes;
  }
  return null;
}
