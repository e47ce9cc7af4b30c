import { type Accent, BACKGROUNDS, DEFAULT_ACCENT } from '../branding/accent.ts';
import { createViews, type ViewOptions } from '../branding/views.ts';

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

/** What all emails of a site share. */
export interface EmailLook extends ViewOptions {
  siteName: string;
  /** Null: Latchkey's own colours. */
  accent: Accent | null;
}

export interface RenderedMessage {
  text: string;
  html: string;
}

/** Renders messages as text and as HTML. */
export function createRenderer(look: EmailLook): (message: Message) => RenderedMessage {
  const [asText, asHtml] = [createViews(look, 'text'), createViews(look)];
  const { siteName, accent } = look;
  const site = { siteName, colors: accent ?? DEFAULT_ACCENT, backgrounds: BACKGROUNDS };
  return (message) => ({
    text: asText('email/text', { ...message, ...site }),
    html: asHtml('email/html', { ...message, ...site }),
  });
}
