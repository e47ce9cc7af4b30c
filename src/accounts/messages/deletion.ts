import { makeDeletionToken } from '../deletion/deletion.ts';
import { EMAIL_TOKEN_LIFETIMES_MS } from '../email-tokens.ts';
import { eventFacts, linkTo, type MessageWriter } from './parts.ts';

export const accountDeletion: MessageWriter = async (context, email) => {
  const { clock, config, sessionStore } = context;
  const { address, facts, queuedAt } = email;
  const token = await makeDeletionToken(sessionStore.database, email, clock());
  if (token === null) return null;
  const minutes = EMAIL_TOKEN_LIFETIMES_MS.account_deletion / 60_000;
  return {
    address,
    subject: 'Confirm account deletion',
    body: [
      `We received a request to delete your ${config.site.name} account. Nothing has been deleted yet.`,
      eventFacts(context, facts, queuedAt),
      `The link shows what will be deleted and asks you to confirm. It works once and expires in ${minutes} minutes.`,
    ],
    action: { label: 'Delete account', url: linkTo(context, '/account/delete/confirm', token) },
    closing:
      'If this wasn’t you, don’t open the link. Reset your password instead, which also disables it.',
  };
};
