import type { RequestParamHandler } from 'express';
import { notFound } from '../error.ts';

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** Answers 404 to an id that is not a UUID, which PostgreSQL would refuse to compare. */
export const requireUuid: RequestParamHandler = (_request, _response, next, id) => {
  next(UUID.test(id) ? undefined : notFound());
};
