-- Announces every change that can alter a verdict, a claim or a session's data, whoever made it. The
-- channel is the name of the schema. The payload is the user's id, or `*` for all users. Activity is not
-- announced, nor are changes to sessions that had already ended: purging a million of them stays silent.
CREATE FUNCTION "latchkey".announce_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify(TG_TABLE_SCHEMA, OLD.id);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE FUNCTION "latchkey".announce_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify(TG_TABLE_SCHEMA, OLD.user_id);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE FUNCTION "latchkey".announce_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify(TG_TABLE_SCHEMA, '*');
  RETURN NULL;
END $$;
--> statement-breakpoint
-- Whether someone has two-factor authentication decides what their role may do.
CREATE TRIGGER announce_update AFTER UPDATE ON "latchkey"."user" FOR EACH ROW WHEN (
  (OLD.id, OLD.name, OLD.email, OLD.role, OLD.organization_id, OLD.attributes, OLD.is_active,
    OLD.sessions_valid_after, OLD.totp_key IS NULL)
  IS DISTINCT FROM
  (NEW.id, NEW.name, NEW.email, NEW.role, NEW.organization_id, NEW.attributes, NEW.is_active,
    NEW.sessions_valid_after, NEW.totp_key IS NULL)
) EXECUTE FUNCTION "latchkey".announce_user();
--> statement-breakpoint
CREATE TRIGGER announce_delete AFTER DELETE ON "latchkey"."user"
  FOR EACH ROW EXECUTE FUNCTION "latchkey".announce_user();
--> statement-breakpoint
CREATE TRIGGER announce_truncate AFTER TRUNCATE ON "latchkey"."user"
  FOR EACH STATEMENT EXECUTE FUNCTION "latchkey".announce_all();
--> statement-breakpoint
CREATE TRIGGER announce_update AFTER UPDATE ON "latchkey"."session" FOR EACH ROW WHEN (
  OLD.ended_at IS NULL AND OLD.expires > clock_timestamp() AND (
    NEW.ended_at IS NOT NULL
    OR NEW.expires < OLD.expires
    OR (OLD.id, OLD.session_token, OLD.user_id, OLD.authenticated_at, OLD.data)
      IS DISTINCT FROM (NEW.id, NEW.session_token, NEW.user_id, NEW.authenticated_at, NEW.data)
  )
) EXECUTE FUNCTION "latchkey".announce_session();
--> statement-breakpoint
CREATE TRIGGER announce_delete AFTER DELETE ON "latchkey"."session" FOR EACH ROW WHEN (
  OLD.ended_at IS NULL AND OLD.expires > clock_timestamp()
) EXECUTE FUNCTION "latchkey".announce_session();
--> statement-breakpoint
CREATE TRIGGER announce_truncate AFTER TRUNCATE ON "latchkey"."session"
  FOR EACH STATEMENT EXECUTE FUNCTION "latchkey".announce_all();
--> statement-breakpoint
-- Deactivating an account ends its sessions for good, whoever does it: they do not come back when the
-- account is reactivated.
CREATE FUNCTION "latchkey".end_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.sessions_valid_after := greatest(
    clock_timestamp(), OLD.sessions_valid_after + interval '1 millisecond', NEW.sessions_valid_after
  );
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER end_sessions BEFORE UPDATE ON "latchkey"."user" FOR EACH ROW
  WHEN (OLD.is_active AND NOT NEW.is_active) EXECUTE FUNCTION "latchkey".end_sessions();
