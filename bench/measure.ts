/** Runs all measurements and writes `bench/RESULTS.md`. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { query, urlOf } from './databases.ts';
import { measureEmbedded } from './embedded.ts';
import { measureGrowth } from './growth.ts';
import { measureMemory } from './memory.ts';
import { measurePropagation } from './propagation.ts';
import { measurePurge } from './purge.ts';
import { measureStorm } from './storm.ts';
import { measureThroughput } from './throughput.ts';

const measurements: Record<string, () => Promise<string>> = {
  throughput: measureThroughput,
  embedded: measureEmbedded,
  growth: measureGrowth,
  memory: measureMemory,
  propagation: measurePropagation,
  purge: measurePurge,
  storm: measureStorm,
};
const asked = process.argv.slice(2);
const names = asked.length > 0 ? asked : Object.keys(measurements);

const sections: string[] = [];
for (const name of names) {
  const section = await measurements[name]?.();
  if (!section) throw new Error(`There is no measurement "${name}".`);
  process.stdout.write(`${section}\n\n`);
  sections.push(section);
}

const [row] = await query(urlOf('postgres'), 'show server_version');
const { dependencies } = JSON.parse(readFileSync('bench/package.json', 'utf8'));
const head = [
  '# Results',
  'Written by `npm run bench`. The figures are from one run on one machine; only the ratios carry over to others.',
  `Node ${process.version}, PostgreSQL ${row?.server_version}, ${cpus()[0]?.model.trim()}; the servers on one core, load and database on another. Compared with better-auth ${dependencies['better-auth']}, express-session ${dependencies['express-session']} with connect-pg-simple ${dependencies['connect-pg-simple']}.`,
].join('\n\n');
// Only a complete run is a result.
if (asked.length === 0) {
  await writeFile('bench/RESULTS.md', `${[head, ...sections].join('\n\n')}\n`);
}
process.exit();
