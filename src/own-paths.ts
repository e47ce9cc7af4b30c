import type { Router } from 'express';
import type { Context } from './auth/context.ts';
import { routes } from './routes.ts';

/** Whether the path of a URL is Latchkey's. Everything else belongs to the host app. */
export type IsOwnPath = (url: string) => boolean;

/** Below PATH_PREFIX everything is ours. Without one, a path is ours if we have a route or a file for it. */
export function ownPaths({
  config: { pathPrefix },
  publicFiles,
}: Pick<Context, 'config' | 'publicFiles'>): IsOwnPath {
  if (pathPrefix !== '') return (url) => isBelow(pathPrefix, url);
  return exactPaths([...routePaths(routes()), ...publicFiles.keys()]);
}

function isBelow(prefix: string, url: string): boolean {
  if (!url.startsWith(prefix)) return false;
  const next = url[prefix.length];
  return next === undefined || next === '/' || next === '?';
}

/** By first segment, because nearly every path of a host app has another one than ours. */
function exactPaths(paths: string[]): IsOwnPath {
  // The front page belongs to the host app, as do the paths for monitors, which `routes` does not have.
  const own = paths.filter((path) => path !== '/');
  const matchers = new Map<string, IsOwnPath>();
  for (const segment of new Set(own.map(firstSegment))) {
    matchers.set(segment, matcherOf(own.filter((path) => firstSegment(path) === segment)));
  }
  return (url) => matchers.get(firstSegment(url))?.(url) ?? false;
}

/** As Express matches: letters in this case, perhaps with a slash at the end. */
function matcherOf(paths: string[]): IsOwnPath {
  const patterns = paths.map((path) => path.replaceAll('.', '\\.').replace(/:\w+/g, '[^/?]+'));
  const pattern = new RegExp(`^(?:${patterns.join('|')})/?(?:\\?|$)`);
  return (url) => pattern.test(url);
}

function firstSegment(url: string): string {
  let end = 1;
  while (end < url.length && url[end] !== '/' && url[end] !== '?') end += 1;
  return url.slice(1, end);
}

function routePaths({ stack }: Router): string[] {
  return stack.flatMap(({ route }) => (route ? [route.path].flat() : []));
}
