import { fileURLToPath } from 'node:url';
import ejs from 'ejs';

/** For example "Device" and "Firefox on Linux". */
export interface Fact {
  label: string;
  value: string;
}

/** An email before it is rendered as text and HTML. */
export interface Message {
  address: string;
  subject: string;
  /** Paragraphs, and facts about one event, which are shown as a table. */
  body: (string | Fact[])[];
  action: { label: string; url: string };
  /** The paragraph below the action. */
  closing: string;
}

const view = (name: string) => fileURLToPath(new URL(`../../views/email/${name}`, import.meta.url));

/** The same message as text and as HTML. */
export async function renderMessage(message: Message): Promise<{ text: string; html: string }> {
  const [text, html] = await Promise.all([
    ejs.renderFile(view('text.ejs'), message, { escape: (each: unknown) => String(each) }),
    ejs.renderFile(view('html.ejs'), message),
  ]);
  return { text, html };
}
