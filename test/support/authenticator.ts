import { TOTP } from 'otpauth';
import type { TestApp } from './app.ts';
import { type Browser, newPerson, openBrowser, type Person } from './browser.ts';

export const TWO_FACTOR_PAGE = '/account/security/two-factor';
export const SIGN_IN_CODE_PAGE = '/sign-in/two-factor';

const STEP_MS = 30_000;

/** The code that an authenticator app shows for a key now, or `steps` steps later. */
export const codeOf = (app: TestApp, key: string, steps = 0): string =>
  new TOTP({ secret: key }).generate({ timestamp: app.now().getTime() + steps * STEP_MS });

/** A code that is wrong now, and two steps earlier and later. */
export function wrongCode(app: TestApp, key: string): string {
  const right = [-2, -1, 0, 1, 2].map((steps) => codeOf(app, key, steps));
  return (
    ['000000', '111111', '222222', '333333', '444444', '555555'].find(
      (code) => !right.includes(code),
    ) ?? ''
  );
}

/** Moves the app's clock to the start of the next step, whose code is unused and will not change soon. */
export function toNextStep(app: TestApp): void {
  app.advance(STEP_MS - (app.now().getTime() % STEP_MS));
}

/** The key on the set-up page. */
export async function keyShownIn(browser: Browser): Promise<string> {
  const { text } = await browser.get(TWO_FACTOR_PAGE);
  return (/<code>([A-Z2-7 ]{39})<\/code>/.exec(text)?.[1] ?? '').replaceAll(' ', '');
}

/** The recovery codes on a page. They are also in its form for the text file, so they are deduplicated. */
export const recoveryCodesIn = (page: string): string[] => [
  ...new Set(page.match(/\b(?:[A-Z2-7]{4}-){5}[A-Z2-7]{4}\b/g)),
];

/** Sets up two-factor authentication through its pages. The code of the current step is unused afterwards. */
export async function setUpTwoFactor(app: TestApp, browser: Browser) {
  await browser.post(`${TWO_FACTOR_PAGE}/begin`);
  const key = await keyShownIn(browser);
  const code = codeOf(app, key);
  const { text } = await browser.post(`${TWO_FACTOR_PAGE}/confirm`, { code });
  toNextStep(app);
  return { key, recoveryCodes: recoveryCodesIn(text) };
}

/** A new account with two-factor authentication, and the browser that set it up. */
export async function newProtected(app: TestApp) {
  const person = newPerson();
  const owner = openBrowser(app);
  await owner.signUp(person);
  return { person, owner, ...(await setUpTwoFactor(app, owner)) };
}

/** A browser that sent the right password and is asked for a code. */
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
