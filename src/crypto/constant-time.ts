import { createHash, timingSafeEqual } from 'node:crypto';

/** Compares in constant time: hashing makes the lengths equal (`timingSafeEqual` requires it). */
export function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
