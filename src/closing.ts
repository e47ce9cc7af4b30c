/** What has been opened, to be closed in the reverse order. */
export interface Closing {
  add(close: () => Promise<unknown>): void;
  hasBegun(): boolean;
  /** Closes everything, once. If something fails to close, the rest is closed nevertheless. */
  close(): Promise<void>;
}

export function createClosing(): Closing {
  const open: (() => Promise<unknown>)[] = [];
  let closed: Promise<void> | null = null;
  return {
    add: (close) => open.push(close),
    hasBegun: () => closed !== null,
    close: () => {
      closed ??= closeAll(open);
      return closed;
    },
  };
}

async function closeAll(open: (() => Promise<unknown>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const close of open.reverse()) await close().catch((error) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}
