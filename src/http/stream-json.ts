import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as othersTurn } from 'node:timers/promises';
import type { Response } from 'express';

/** Disconnects a client that reads nothing for this long, as it could hold the download open forever. */
const STALLED_AFTER_MS = 60_000;

/** Streams JSON whose lists come in batches. Returns false if the client left or stopped reading. */
export async function streamJson(
  response: Response,
  members: Record<string, unknown>,
): Promise<boolean> {
  response.type('json');
  response.setTimeout(STALLED_AFTER_MS, () => response.destroy());
  try {
    await pipeline(Readable.from(chunksOf(members), { highWaterMark: 1 }), response);
    return true;
  } catch (error) {
    if (response.destroyed && isPrematureClose(error)) return false;
    throw error;
  }
}

async function* chunksOf(members: Record<string, unknown>): AsyncGenerator<string> {
  let before = '{';
  for (const [name, value] of Object.entries(members)) {
    yield `${before}\n${JSON.stringify(name)}: `;
    before = ',';
    if (isBatched(value)) yield* listOf(value);
    else yield JSON.stringify(value);
  }
  yield '\n}\n';
}

async function* listOf(batches: AsyncIterable<unknown[]>): AsyncGenerator<string> {
  let before = '[';
  for await (const batch of batches) {
    if (batch.length > 0) {
      yield `${before}\n${batch.map((item) => JSON.stringify(item)).join(',\n')}`;
      before = ',';
    }
    // PGlite answers without yielding to the event loop.
    await othersTurn();
  }
  yield before === '[' ? '[]' : '\n]';
}

function isBatched(value: unknown): value is AsyncIterable<unknown[]> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function isPrematureClose(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}
