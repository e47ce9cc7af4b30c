import { Router } from 'express';
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
  beginSetUp,
  cancelSetUp,
  confirmSetUp,
  downloadRecoveryCodes,
  regenerateCodes,
  showTwoFactor,
  turnOff,
} from './handlers/account/two-factor.ts';
import {
  activateAccount,
  confirmForAccount,
  deactivateAccount,
  listAccountsJson,
  revokeAllOfAccount,
  showAccounts,
} from './handlers/admin.ts';
import { cleanUpSessions } from './handlers/cron.ts';
import { showFront } from './handlers/front.ts';
import { showLiveness, showReadiness } from './handlers/health.ts';
import { showOutbox } from './handlers/outbox.ts';
import {
  forgotPassword,
  setResetPassword,
  showForgotPassword,
  showResetPassword,
} from './handlers/recovery/password-reset.ts';
import { confirmDeviceReport, showReportDevice } from './handlers/recovery/report-device.ts';
import { listSessionsJson, revokeScopeJson, revokeSessionJson } from './handlers/sessions/api.ts';
import {
  revokeAll,
  revokeOthers,
  revokeSession,
  showSessions,
} from './handlers/sessions/sessions.ts';
import { passToAuth } from './handlers/sign-in/auth.ts';
import { reauthenticate, showReauthenticate } from './handlers/sign-in/reauthenticate.ts';
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

/** For monitors. Answers without the session check, also when that fails. */
export function healthRoutes(): Router {
  const router = Router();
  router.get('/healthz', showLiveness);
  router.get('/readyz', showReadiness);
  return router;
}

/** Every other method and path, behind the session check (`loadViewer`). */
export function routes(): Router {
  const router = Router({ caseSensitive: true });
  router.param('id', requireUuid);
  const requireViewer = [requireSignIn, requireTwoFactor];
  const admin = [...requireViewer, requireRole('admin')];
  const withRecentPassword = [...requireViewer, requireRecentPassword];
  // Without `requireTwoFactor`: open to users who must set it up first.
  const settingUp = [requireSignIn, requireRecentPassword];
  const adminWithRecentPassword = [...admin, requireRecentPassword];

  router.get('/api/sessions', requireViewer, listSessionsJson);
  router.delete('/api/sessions', requireViewer, revokeScopeJson);
  router.delete('/api/sessions/:id', requireViewer, revokeSessionJson);
  router.get('/api/accounts', admin, listAccountsJson);
  router.post('/api/cron/cleanup-sessions', cleanUpSessions);

  // Everything below is a page or a form.
  router.use(requireCsrfToken);

  router.get('/', showFront);
  router.get('/sign-up', showSignUp);
  router.post('/sign-up', signUp);
  router.get('/sign-up/confirm', showConfirmSignUp);
  router.post('/sign-up/confirm', confirmSignUp);
  router.get('/sign-in', showSignIn);
  router.post('/auth/callback/credentials', signIn);
  router.get('/sign-in/two-factor', showSignInCode);
  router.post('/sign-in/two-factor', verifySignInCode);
  router.post('/auth/signout', signOut);
  router.get('/forgot-password', showForgotPassword);
  router.post('/forgot-password', forgotPassword);
  router.get('/reset-password', showResetPassword);
  router.post('/reset-password', setResetPassword);
  router.get('/report-device', showReportDevice);
  router.post('/report-device', confirmDeviceReport);
  router.get('/verify-email', requireViewer, showVerifyEmail);
  router.post('/verify-email', requireViewer, verifyEmail);
  router.get('/undo-email-change', showUndoEmailChange);
  router.post('/undo-email-change', undoEmailChange);
  // Auth.js, path by path: it would also answer to /auth//signout and the like.
  router.get(['/auth/csrf', '/auth/providers', '/auth/session'], passToAuth);
  router.get(['/auth/signin', '/auth/signout', '/auth/error'], passToAuth);
  router.get('/auth/callback/:provider', passToAuth);
  router.post(['/auth/session', '/auth/signin/:provider'], passToAuth);

  router.get('/account', requireViewer, showAccount);
  router.post('/account/profile', requireViewer, saveProfile);
  router.get('/account/email', requireViewer, showEmail);
  router.post('/account/email', withRecentPassword, saveEmail);
  router.post('/account/email/cancel', requireViewer, cancelChange);
  router.post('/account/email/verify', requireViewer, sendVerification);
  router.get('/account/sessions', requireViewer, showSessions);
  router.post('/account/sessions/revoke-others', requireViewer, revokeOthers);
  router.post('/account/sessions/revoke-all', withRecentPassword, revokeAll);
  router.post('/account/sessions/:id/revoke', requireViewer, revokeSession);

  router.get('/account/reauthenticate', requireSignIn, showReauthenticate);
  router.post('/account/reauthenticate', requireSignIn, reauthenticate);
  router.get('/account/security', requireViewer, showSecurity);
  router.post('/account/security/password', requireViewer, savePassword);
  router.get('/account/security/two-factor', settingUp, showTwoFactor);
  router.post('/account/security/two-factor/begin', settingUp, beginSetUp);
  router.post('/account/security/two-factor/cancel', requireSignIn, cancelSetUp);
  router.post('/account/security/two-factor/file', requireSignIn, downloadRecoveryCodes);
  router.post('/account/security/two-factor/confirm', settingUp, confirmSetUp);
  router.post('/account/security/two-factor/recovery-codes', settingUp, regenerateCodes);
  router.post('/account/security/two-factor/remove', settingUp, turnOff);
  router.get('/account/activity', requireViewer, showHistory);
  router.post('/account/data', withRecentPassword, downloadData);
  router.get('/account/delete', withRecentPassword, showDeleteAccount);
  router.post('/account/delete', withRecentPassword, deleteAccount);
  router.get('/account/delete/confirm', showDeletion);
  router.post('/account/delete/confirm', finishDeletion);

  router.get('/dev/outbox', showOutbox);
  router.get('/admin/accounts', admin, showAccounts);
  router.get('/admin/accounts/:id/revoke-all', admin, confirmForAccount('revoke-all'));
  router.post('/admin/accounts/:id/revoke-all', admin, revokeAllOfAccount);
  router.get(
    '/admin/accounts/:id/deactivate',
    adminWithRecentPassword,
    confirmForAccount('deactivate'),
  );
  router.post('/admin/accounts/:id/deactivate', adminWithRecentPassword, deactivateAccount);
  router.post('/admin/accounts/:id/activate', adminWithRecentPassword, activateAccount);

  return router;
}
