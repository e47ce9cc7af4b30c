import { Router } from 'express';
import type { Context } from './auth/context.ts';
import { saveProfile, showAccount } from './handlers/account/account.ts';
import { downloadData } from './handlers/account/data.ts';
import {
  deleteAccount,
  finishDeletion,
  showDeleteAccount,
  showDeletion,
} from './handlers/account/deletion.ts';
import { cancelChange, saveEmail, sendVerification, showEmail } from './handlers/account/email.ts';
import {
  showUndoEmailChange,
  showVerifyEmail,
  undoEmailChange,
  verifyEmail,
} from './handlers/account/email-links.ts';
import { showHistory } from './handlers/account/history.ts';
import { savePassword, showSecurity } from './handlers/account/security.ts';
import {
  beginSetup,
  cancelSetUp,
  downloadRecoveryCodes,
  regenerateCodes,
  remove,
  showTwoFactor,
  turnOn,
} from './handlers/account/two-factor.ts';
import {
  activateAccount,
  confirmForAccount,
  deactivateAccount,
  listAccountsJson,
  revokeAccountSessions,
  showAccounts,
} from './handlers/admin.ts';
import { cleanupSessions } from './handlers/cron.ts';
import { showFront } from './handlers/front.ts';
import { alive, ready } from './handlers/health.ts';
import { showOutbox } from './handlers/outbox.ts';
import {
  forgotPassword,
  setResetPassword,
  showForgotPassword,
  showResetPassword,
} from './handlers/recovery/password-reset.ts';
import { confirmReport, showReportDevice } from './handlers/recovery/report-device.ts';
import { listSessionsJson, revokeJson, revokeScopeJson } from './handlers/sessions/api.ts';
import {
  revoke,
  revokeAllSessions,
  revokeOtherSessions,
  showSessions,
} from './handlers/sessions/sessions.ts';
import { passToAuth } from './handlers/sign-in/auth.ts';
import { confirm, showReauthenticate } from './handlers/sign-in/reauthenticate.ts';
import { showSignIn, signIn } from './handlers/sign-in/sign-in.ts';
import { showSignInCode, verifySignInCode } from './handlers/sign-in/sign-in-code.ts';
import { signOut } from './handlers/sign-in/sign-out.ts';
import { confirmSignUp, showConfirmSignUp } from './handlers/sign-up/confirm-sign-up.ts';
import { showSignUp, signUp } from './handlers/sign-up/sign-up.ts';
import { requireCsrfToken } from './http/guards/csrf.ts';
import { requireUuid } from './http/guards/public-id.ts';
import { requireRecentPassword } from './http/guards/recent-password.ts';
import { requireTwoFactor } from './http/guards/two-factor.ts';
import { requireRole, requireSignIn } from './http/viewer.ts';

/** For monitors: asked without a session, and answered also when sessions cannot be checked. */
export function healthRoutes(context: Context): Router {
  const router = Router();
  router.get('/healthz', alive);
  router.get('/readyz', ready(context));
  return router;
}

/** Every method and path, for requests whose session was checked (`loadViewer`). */
export function routes(context: Context): Router {
  const router = Router({ caseSensitive: true });
  router.param('id', requireUuid);
  const requireViewer = [requireSignIn, requireTwoFactor(context)];
  const admin = [...requireViewer, requireRole('admin')];
  const confirmed = [...requireViewer, requireRecentPassword(context)];
  // For those, too, whose role needs a second factor that they have not set up yet.
  const settingUp = [requireSignIn, requireRecentPassword(context)];
  const adminWithRecentPassword = [...admin, requireRecentPassword(context)];

  router.get('/api/sessions', requireViewer, listSessionsJson(context));
  router.delete('/api/sessions', requireViewer, revokeScopeJson(context));
  router.delete('/api/sessions/:id', requireViewer, revokeJson(context));
  router.get('/api/accounts', admin, listAccountsJson(context));
  router.post('/api/cron/cleanup-sessions', cleanupSessions(context));

  // Everything from here on is a page or a form.
  router.use(requireCsrfToken(context));

  router.get('/', showFront(context));
  router.get('/sign-up', showSignUp(context));
  router.post('/sign-up', signUp(context));
  router.get('/sign-up/confirm', showConfirmSignUp(context));
  router.post('/sign-up/confirm', confirmSignUp(context));
  router.get('/sign-in', showSignIn(context));
  router.post('/auth/callback/credentials', signIn(context));
  router.get('/sign-in/two-factor', showSignInCode(context));
  router.post('/sign-in/two-factor', verifySignInCode(context));
  router.post('/auth/signout', signOut(context));
  router.get('/forgot-password', showForgotPassword(context));
  router.post('/forgot-password', forgotPassword(context));
  router.get('/reset-password', showResetPassword(context));
  router.post('/reset-password', setResetPassword(context));
  router.get('/report-device', showReportDevice(context));
  router.post('/report-device', confirmReport(context));
  router.get('/verify-email', requireViewer, showVerifyEmail(context));
  router.post('/verify-email', requireViewer, verifyEmail(context));
  router.get('/undo-email-change', showUndoEmailChange(context));
  router.post('/undo-email-change', undoEmailChange(context));
  // Auth.js, by name: it also answers to other spellings, such as /auth//signout.
  router.get(['/auth/csrf', '/auth/providers', '/auth/session'], passToAuth(context));
  router.get(['/auth/signin', '/auth/signout', '/auth/error'], passToAuth(context));
  router.get('/auth/callback/:provider', passToAuth(context));
  router.post(['/auth/session', '/auth/signin/:provider'], passToAuth(context));

  router.get('/account', requireViewer, showAccount(context));
  router.post('/account/profile', requireViewer, saveProfile(context));
  router.get('/account/email', requireViewer, showEmail(context));
  router.post('/account/email', confirmed, saveEmail(context));
  router.post('/account/email/cancel', requireViewer, cancelChange(context));
  router.post('/account/email/verify', requireViewer, sendVerification(context));
  router.get('/account/sessions', requireViewer, showSessions(context));
  router.post('/account/sessions/revoke-others', requireViewer, revokeOtherSessions(context));
  router.post('/account/sessions/revoke-all', confirmed, revokeAllSessions(context));
  router.post('/account/sessions/:id/revoke', requireViewer, revoke(context));

  router.get('/account/reauthenticate', requireSignIn, showReauthenticate(context));
  router.post('/account/reauthenticate', requireSignIn, confirm(context));
  router.get('/account/security', requireViewer, showSecurity(context));
  router.post('/account/security/password', requireViewer, savePassword(context));
  router.get('/account/security/two-factor', settingUp, showTwoFactor(context));
  router.post('/account/security/two-factor/begin', settingUp, beginSetup(context));
  router.post('/account/security/two-factor/cancel', requireSignIn, cancelSetUp(context));
  router.post('/account/security/two-factor/file', requireSignIn, downloadRecoveryCodes(context));
  router.post('/account/security/two-factor/confirm', settingUp, turnOn(context));
  router.post('/account/security/two-factor/recovery-codes', settingUp, regenerateCodes(context));
  router.post('/account/security/two-factor/remove', settingUp, remove(context));
  router.get('/account/activity', requireViewer, showHistory(context));
  router.post('/account/data', confirmed, downloadData(context));
  router.get('/account/delete', confirmed, showDeleteAccount(context));
  router.post('/account/delete', confirmed, deleteAccount(context));
  router.get('/account/delete/confirm', showDeletion(context));
  router.post('/account/delete/confirm', finishDeletion(context));

  router.get('/dev/outbox', showOutbox(context));
  router.get('/admin/accounts', admin, showAccounts(context));
  router.get('/admin/accounts/:id/revoke-all', admin, confirmForAccount(context, 'revoke-all'));
  router.post('/admin/accounts/:id/revoke-all', admin, revokeAccountSessions(context));
  router.get(
    '/admin/accounts/:id/deactivate',
    adminWithRecentPassword,
    confirmForAccount(context, 'deactivate'),
  );
  router.post(
    '/admin/accounts/:id/deactivate',
    adminWithRecentPassword,
    deactivateAccount(context),
  );
  router.post('/admin/accounts/:id/activate', adminWithRecentPassword, activateAccount(context));

  return router;
}
