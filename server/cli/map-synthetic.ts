/** `npm run map:synthetic` — draws the synthetic Latacunga again into server/roads/synthetic/latacunga.osm.pbf. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { writeOsmPbf } from '../roads/osm/pbf-write.ts';
import { LATACUNGA_ANCHORS, LATACUNGA_SEED, syntheticLatacunga } from '../roads/synthetic/index.ts';

const target = fileURLToPath(new URL('../roads/synthetic/latacunga.osm.pbf', import.meta.url));

const osm = syntheticLatacunga(LATACUNGA_ANCHORS, LATACUNGA_SEED);
const file = writeOsmPbf(osm, { writingProgram: 'map:synthetic' });
writeFileSync(target, file);

const streets = osm.ways.filter((way) => way.tags.highway !== undefined);
console.log(
  `${target}: ${streets.length} streets, ${osm.nodes.length} nodes, ${osm.relations.length} turn restrictions, ` +
    `${Math.round(file.length / 1024)} kB`,
);
