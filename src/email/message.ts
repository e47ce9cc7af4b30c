import { fileURLToPath } from 'node:url';
import ejs from 'ejs';

export interface Fact {
  label: string;
  value: string;
}

export interface Message {
  address: string;
  subject: string;
  /** Paragraphs, and tables of facts about one event. */
  body: (string | Fact[])[];
  action: { label: string; url: string };
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
