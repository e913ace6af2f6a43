/**
 * How many threads a search is given: as many as are asked for, but where only time bounds it no more than the machine
 * has cores (and two on any): each further one takes its second of start-up and leaves the others less. Bounded by
 * rounds the answer depends on their number, so there it stays as asked on every machine.
 */
export function threadsFor(
  asked: number,
  boundedBy: { iterations?: number | undefined },
  cores: number,
): number {
  return boundedBy.iterations === undefined ? Math.min(asked, Math.max(2, cores)) : asked;
}
