import type { RequestHandler } from 'express';
import type { PublicFiles } from '../../branding/public-files.ts';

/** Answers requests for public files. Like `express.static`, but from memory and without ranges. */
export function servePublicFiles(files: PublicFiles): RequestHandler {
  return (request, response, next) => {
    const file = files.get(request.path);
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!file || !isRead) return next();
    for (const [name, value] of Object.entries(file.headers)) response.setHeader(name, value);
    if (request.headers['if-none-match'] === file.headers.ETag) {
      response.statusCode = 304;
      response.end();
    } else {
      response.setHeader('Content-Length', file.content.length);
      response.end(file.content);
    }
  };
}
