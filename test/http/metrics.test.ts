import { expect, it } from 'vitest';
import { serveMetrics } from '../../src/server/metrics-server.ts';
import { startApp } from '../support/app.ts';
import { openBrowser, signInTwice } from '../support/browser.ts';

it('reports what the check does, and nothing about people', async () => {
  const app = await startApp();
  const { here, there, otherId, person } = await signInTwice(app);
  for (let round = 0; round < 10; round += 1) await here.get('/account');
  await here.post(`/account/sessions/${otherId}/revoke`);
  await there.get('/account');
  await openBrowser(app).get('/');

  const read = () => app.metrics.registry.metrics();
  const server = await serveMetrics(read, { host: '127.0.0.1', port: 0 });
  const address = server.address();
  const metricsOrigin = `http://127.0.0.1:${typeof address === 'object' && address?.port}`;
  const text = await (await fetch(`${metricsOrigin}/metrics`)).text();
  const sampleOf = (line: string) => Number(new RegExp(`^${line} (\\S+)$`, 'm').exec(text)?.[1]);

  expect(sampleOf('latchkey_checks_total\\{verdict="live"\\}')).toBeGreaterThanOrEqual(10);
  expect(sampleOf('latchkey_checks_total\\{verdict="revoked"\\}')).toBe(1);
  expect(sampleOf('latchkey_checks_total\\{verdict="anonymous"\\}')).toBeGreaterThanOrEqual(1);
  expect(sampleOf('latchkey_cache_hits_total')).toBeGreaterThanOrEqual(9);
  expect(sampleOf('latchkey_cache_misses_total')).toBeGreaterThanOrEqual(2);
  expect(sampleOf('latchkey_blind_seconds_total')).toBe(0);
  expect(sampleOf('latchkey_purged_rows_total')).toBe(0);
  expect(text).toMatch(/latchkey_request_seconds_count\{method="GET",status="2xx"\} \d+/);
  expect(text).toContain('latchkey_propagation_seconds_bucket');
  expect(text).not.toMatch(new RegExp(`${person.email}|${otherId}|192\\.0\\.2`));
  expect((await fetch(`${metricsOrigin}/`)).status).toBe(404);

  server.close();
  await app.close();
});
