import { parse } from 'node:querystring';
import type { Request, RequestHandler, Response } from 'express';
import express from 'express';
import { tooLarge } from './error.ts';

export type Field = [name: string, value: string];

/** What Express's own parsers read. */
export const HOST_FORM_BYTES = 100 * 1024;
export const FORM = 'application/x-www-form-urlencoded';
/** The fields of our password page, the password among them. They arrive again when it continues a form. */
const PASSWORD_FIELD = 'reauthenticate.';
const OWN_FORM_BYTES = 16 * 1024;

const formReader = (limit: number) => ({
  limit,
  read: express.urlencoded({ extended: false, limit }),
});
const hostForm = formReader(HOST_FORM_BYTES);
const ownForm = formReader(OWN_FORM_BYTES);
/** The password page, with the form of a host app that waits for it. */
const waitingForm = formReader(HOST_FORM_BYTES + OWN_FORM_BYTES);
const readJson = express.json({ limit: OWN_FORM_BYTES });

export const isPasswordField = (name: string): boolean => name.startsWith(PASSWORD_FIELD);

/** Reads the form of a request of the host app, unless that has been done. */
export async function readForm(request: Request, response: Response): Promise<void> {
  if (request.body === undefined) {
    await new Promise<void>((resolve, reject) => {
      hostForm.read(request, response, (error) => (error ? reject(error) : resolve()));
    });
  }
  // Again: a parser may have filled a body that was empty.
  hidePasswordFields(request);
}

/** Keeps the password of a continued form from the host app's handlers, whether it is parsed by now or later. */
export function hidePasswordFields(request: Request): void {
  if (!request.is(FORM)) return;
  let body = withoutPassword(request.body);
  Object.defineProperty(request, 'body', {
    configurable: true,
    enumerable: true,
    get: () => body,
    // For each time: some parsers set an empty body first.
    set: (given: unknown) => {
      body = withoutPassword(given);
    },
  });
}

function withoutPassword(body: unknown): unknown {
  if (typeof body === 'string') return body.split('&').filter(isKept).join('&');
  if (Buffer.isBuffer(body))
    return Buffer.from(String(withoutPassword(body.toString('latin1'))), 'latin1');
  if (typeof body !== 'object' || body === null) return body;
  for (const name of Object.keys(body).filter(isPasswordField)) Reflect.deleteProperty(body, name);
  return body;
}

const isKept = (pair: string): boolean => !Object.keys(parse(pair)).some(isPasswordField);

/** The fields of a body that the host app may have parsed, nested ones as `a[b]`. */
export function fieldsOf(body: unknown): Field[] {
  if (typeof body === 'string' || Buffer.isBuffer(body)) return fieldsOf(parse(body.toString()));
  if (typeof body !== 'object' || body === null) return [];
  return Object.entries(body).flatMap(([name, value]) => fieldsIn(name, value));
}

function fieldsIn(name: string, value: unknown): Field[] {
  if (typeof value !== 'object' || value === null) return [[name, String(value ?? '')]];
  if (Array.isArray(value) && value.every((each) => typeof each !== 'object')) {
    // Only `a[]` makes a list of one.
    const listName = value.length === 1 ? `${name}[]` : name;
    return value.map((each) => [listName, String(each)]);
  }
  return Object.entries(value).flatMap(([key, each]) => fieldsIn(`${name}[${key}]`, each));
}

/** Reads the form of one of our own pages: as it arrives, or as the host app's parser has read it. */
export const readOwnForm: RequestHandler = (request, response, next) => {
  // Auth.js accepts JSON here; every other POST is a form.
  const isJson = request.path === '/auth/session' && request.is('json');
  const { limit, read } = request.path === '/account/reauthenticate' ? waitingForm : ownForm;
  if (request.body === undefined) return (isJson ? readJson : read)(request, response, next);
  if (isJson) return next();
  const fields = request.is(FORM) ? fieldsOf(request.body) : [];
  request.body = groupFields(fields);
  next(sizeOf(fields) > limit ? tooLarge() : undefined);
};

function groupFields(fields: Field[]): Record<string, string | string[]> {
  const grouped: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of fields) {
    const known = grouped[name];
    grouped[name] = known === undefined ? value : [known, value].flat();
  }
  return grouped;
}

/** About as many bytes as the fields took in the request. */
export const sizeOf = (fields: Field[]): number => new URLSearchParams(fields).toString().length;
