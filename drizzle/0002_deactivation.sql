-- Switching an account off ends every session at once and for good, whoever does it: sessions from
-- before do not come back when it is switched on again.
CREATE FUNCTION latchkey_end_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.sessions_valid_after := greatest(
    clock_timestamp(), OLD.sessions_valid_after + interval '1 millisecond', NEW.sessions_valid_after
  );
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER end_sessions BEFORE UPDATE ON "user" FOR EACH ROW
  WHEN (OLD.is_active AND NOT NEW.is_active) EXECUTE FUNCTION latchkey_end_sessions();
