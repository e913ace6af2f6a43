/** A promise as it was told, and what became of it. */
export interface Told {
  /** Probability that was said. */
  said: number;
  kept: boolean;
}

export interface ReliabilityBin {
  /** Centre of the bin, in percent: of those said 80 % are the ones from 75 % to 85 %. */
  saidPct: number;
  count: number;
  /** Of those, how many were kept, in percent; and the mean of what was said. */
  keptPct: number;
  meanSaidPct: number;
}

const WIDTH_PCT = 10;

/** The reliability table: promises gathered by what was said of them, in tens of percent. Pure. */
export function reliability(told: readonly Told[]): ReliabilityBin[] {
  const bins = new Map<number, Told[]>();
  for (const one of told) {
    const centre = WIDTH_PCT * Math.round((100 * one.said) / WIDTH_PCT);
    const bin = bins.get(centre);
    if (bin === undefined) bins.set(centre, [one]);
    else bin.push(one);
  }
  return [...bins]
    .sort(([a], [b]) => a - b)
    .map(([saidPct, members]) => ({
      saidPct,
      count: members.length,
      keptPct: round((100 * members.filter((one) => one.kept).length) / members.length),
      meanSaidPct: round((100 * members.reduce((sum, one) => sum + one.said, 0)) / members.length),
    }));
}

/** The table as lines for people. */
export function reliabilityLines(bins: readonly ReliabilityBin[]): string[] {
  return [
    '| said | promises | mean said | kept |',
    '| ---- | -------- | --------- | ---- |',
    ...bins.map((bin) => `| ${bin.saidPct} % | ${bin.count} | ${bin.meanSaidPct} % | ${bin.keptPct} % |`),
  ];
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}
