import { clockTime } from '../../time-format.ts';
import { makeRecoveryToken } from '../recovery/recovery-link.ts';
import { deviceAndLocation, eventList, linkTo, type MessageWriter } from './parts.ts';

export const newDevice: MessageWriter = async (context, email) => {
  const { clock, config, sessionStore } = context;
  const { address, facts, queuedAt } = email;
  const token = await makeRecoveryToken(sessionStore.database, 'report_device', email, clock());
  if (token === null) return null;
  const time = clockTime(queuedAt);
  return {
    address,
    subject:
      facts.count === undefined
        ? `New sign-in: ${deviceAndLocation(context, facts)}, ${time}`
        : `New sign-ins: ${facts.count} since ${time}`,
    body: [
      facts.count === undefined
        ? `There was a new sign-in to your ${config.site.name} account.`
        : `Someone signed in to your ${config.site.name} account on new devices.`,
      ...eventList(context, email),
      'If this was you, you can ignore this email.',
    ],
    action: { label: 'This wasn’t me', url: linkTo(context, '/report-device', token) },
    closing:
      'If it wasn’t you, choose “This wasn’t me”. After you confirm, all devices are signed out and your password is disabled until you set a new one.',
  };
};
