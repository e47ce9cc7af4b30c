import { Router } from 'express';
import type { Auth, Role } from './auth.ts';

const ROLES: Role[] = ['user', 'editor', 'admin'];

export function peoplePages(auth: Auth): Router {
  const router = Router();

  router.get('/people', auth.requireRole('admin'), (_request, response) => {
    response.render('people', { title: 'People', notice: '' });
  });

  router.post(
    '/people',
    auth.requireRole('admin'),
    auth.requireCsrfToken,
    async (request, response) => {
      const user = await auth.users.find({ email: String(request.body.email) });
      const role = ROLES.find((each) => each === request.body.role);
      const changed =
        user && role ? await auth.users.setRole(user.id, role, { by: request }) : null;
      const notice = sentenceFor(changed);
      response.render('people', { title: 'People', notice });
    },
  );

  return router;
}

function sentenceFor(changed: Awaited<ReturnType<Auth['users']['setRole']>>): string {
  if (changed === null) return 'No account has this email.';
  if (changed === 'last_administrator') return 'Make someone else an administrator first.';
  return `The role of ${changed.name} is now: ${changed.role}.`;
}
