import { once } from 'node:events';
import express from 'express';
import supertest from 'supertest';
import { expect, it } from 'vitest';
import { createHttpServer } from '../../src/server/http-server.ts';

it('creates requests and responses whose prototypes Express leaves unchanged', async () => {
  const app = express();
  let before: object[] = [];
  const server = createHttpServer(app);
  server.prependListener('request', (request, response) => {
    before = [request, response].map((each) => Object.getPrototypeOf(each));
  });
  app.get('/', (request, response) => {
    const after = [request, response].map((each) => Object.getPrototypeOf(each));
    const isSame = after.every((each, index) => each === before[index]);
    response.json({ isSame, isOfThisApp: request.app === app, path: request.path });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const answer = await supertest(server).get('/?query');
  expect(answer.body).toEqual({ isSame: true, isOfThisApp: true, path: '/' });
  server.close();
});

it('serves one app on two ports', async () => {
  const app = express();
  app.get('/', (request, response) => {
    response.json({ isOfThisApp: request.app === app, path: request.path });
  });
  const servers = [createHttpServer(app), createHttpServer(app)];
  for (const server of servers) {
    const answer = await supertest(server).get('/');
    expect(answer.body).toEqual({ isOfThisApp: true, path: '/' });
  }
});
