import { TOTP } from 'otpauth';
import type { TestApp } from './app.ts';
import { type Browser, newPerson, openBrowser, type Person } from './browser.ts';

export const TWO_FACTOR_PAGE = '/account/security/two-factor';
export const SIGN_IN_CODE_PAGE = '/sign-in/two-factor';

const STEP_MS = 30_000;

/** The code that an app shows for a key now, or so many steps from now. */
export const codeOf = (app: TestApp, key: string, steps = 0): string =>
  new TOTP({ secret: key }).generate({ timestamp: app.now().getTime() + steps * STEP_MS });

/** A code that is right at no step near this one. */
export function wrongCode(app: TestApp, key: string): string {
  const right = [-2, -1, 0, 1, 2].map((steps) => codeOf(app, key, steps));
  return (
    ['000000', '111111', '222222', '333333', '444444', '555555'].find(
      (code) => !right.includes(code),
    ) ?? ''
  );
}

/** Moves the app's clock to where the next step begins: no code of it was used, and none is about to change. */
export function toNextStep(app: TestApp): void {
  app.advance(STEP_MS - (app.now().getTime() % STEP_MS));
}

/** The key that the page of a set-up shows. */
export async function keyShownIn(browser: Browser): Promise<string> {
  const { text } = await browser.get(TWO_FACTOR_PAGE);
  return (/<code>([A-Z2-7 ]{39})<\/code>/.exec(text)?.[1] ?? '').replaceAll(' ', '');
}

/** The codes that a page shows, which also come with its form for the text file. */
export const recoveryCodesIn = (page: string): string[] => [
  ...new Set(page.match(/\b(?:[A-Z2-7]{4}-){5}[A-Z2-7]{4}\b/g)),
];

/** Sets a second factor up as a person does. No code of it was used when this is done. */
export async function setUpTwoFactor(app: TestApp, browser: Browser) {
  await browser.post(`${TWO_FACTOR_PAGE}/begin`);
  const key = await keyShownIn(browser);
  const code = codeOf(app, key);
  const { text } = await browser.post(`${TWO_FACTOR_PAGE}/confirm`, { code });
  toNextStep(app);
  return { key, recoveryCodes: recoveryCodesIn(text) };
}

/** A new account with a second factor, and the browser that set it up. */
export async function newProtected(app: TestApp) {
  const person = newPerson();
  const owner = openBrowser(app);
  await owner.signUp(person);
  return { person, owner, ...(await setUpTwoFactor(app, owner)) };
}

/** A browser whose password was right, and that is asked for a code now. */
export async function askedForCode(
  app: TestApp,
  person: Person,
  callbackUrl = '/account',
): Promise<Browser> {
  const browser = openBrowser(app);
  const { headers } = await browser.signIn(person, callbackUrl);
  const page = `${SIGN_IN_CODE_PAGE}?${new URLSearchParams({ callbackUrl })}`;
  if (headers.location !== page) throw new Error(`Sent to ${headers.location} for a code.`);
  return browser;
}

export const giveCode = (browser: Browser, code: string, callbackUrl = '/account') =>
  browser.post(SIGN_IN_CODE_PAGE, { code, callbackUrl });
