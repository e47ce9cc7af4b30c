import type { Request } from 'express';
import { FORM, HOST_FORM_BYTES, sizeOf } from '../form-body.ts';
import { type WaitingRequest, waitingFields } from '../guards/recent-password.ts';
import { isSafe } from '../guards/same-origin.ts';
import { pageBefore } from '../paths.ts';

/** What the password page continues. A form that it cannot carry is lost, and its page comes next. */
export function waitingHostRequest(request: Request): WaitingRequest {
  const { method, originalUrl, body } = request;
  const cancel = pageBefore(request);
  if (isSafe(method)) return { path: originalUrl, fields: null, cancel };
  const fields = waitingFields(body);
  if (method === 'POST' && request.is(FORM) && sizeOf(fields) <= HOST_FORM_BYTES) {
    return { path: originalUrl, fields, cancel };
  }
  return { path: cancel, fields: null, cancel, isFormLost: true };
}
