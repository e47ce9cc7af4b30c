import { fileURLToPath } from 'node:url';
import ejs from 'ejs';

/** A mail before it has a form: plain sentences, and at most one thing to do. */
export interface Message {
  address: string;
  subject: string;
  paragraphs: string[];
  action?: { label: string; url: string };
  /** What comes after the action. */
  closing: string;
}

const view = (name: string) => fileURLToPath(new URL(`../../views/email/${name}`, import.meta.url));

/** The same letter as text and as HTML. */
export async function renderMessage(message: Message): Promise<{ text: string; html: string }> {
  const [text, html] = await Promise.all([
    ejs.renderFile(view('text.ejs'), message, { escape: (each: unknown) => String(each) }),
    ejs.renderFile(view('html.ejs'), message),
  ]);
  return { text, html };
}
