CREATE TABLE "known_device" (
	"user_id" text NOT NULL,
	"token_hash" text NOT NULL,
	"last_sign_in_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "known_device_user_id_token_hash_pk" PRIMARY KEY("user_id","token_hash")
);
--> statement-breakpoint
CREATE TABLE "pending_sign_in" (
	"token_hash" text PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"cutoff" timestamp (3) with time zone NOT NULL,
	"provider" text NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"expires" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "pending_sign_up" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"email" text NOT NULL,
	"password_hash" text NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"expires" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "rate_limit" (
	"key" text PRIMARY KEY NOT NULL,
	"points" integer NOT NULL,
	"expire" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "recovery_code" (
	"user_id" text NOT NULL,
	"code_hash" text NOT NULL,
	CONSTRAINT "recovery_code_user_id_code_hash_pk" PRIMARY KEY("user_id","code_hash")
);
--> statement-breakpoint
CREATE TABLE "unknown_email" (
	"address_hash" text PRIMARY KEY NOT NULL,
	"failed_login_attempts" integer DEFAULT 0 NOT NULL,
	"lockout_until" timestamp (3) with time zone,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "session" ADD COLUMN "reauthenticated_at" timestamp (3) with time zone DEFAULT 'epoch' NOT NULL;--> statement-breakpoint
ALTER TABLE "user" ADD COLUMN "failed_login_attempts" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "user" ADD COLUMN "lockout_until" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "user" ADD COLUMN "totp_key" text;--> statement-breakpoint
ALTER TABLE "user" ADD COLUMN "totp_key_pending" text;--> statement-breakpoint
ALTER TABLE "user" ADD COLUMN "totp_last_step" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "known_device" ADD CONSTRAINT "known_device_user_id_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."user"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "pending_sign_in" ADD CONSTRAINT "pending_sign_in_user_id_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."user"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "recovery_code" ADD CONSTRAINT "recovery_code_user_id_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."user"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "known_device_last_sign_in_at_idx" ON "known_device" USING btree ("last_sign_in_at");--> statement-breakpoint
CREATE INDEX "pending_sign_in_expires_idx" ON "pending_sign_in" USING btree ("expires");--> statement-breakpoint
CREATE INDEX "pending_sign_up_expires_idx" ON "pending_sign_up" USING btree ("expires");--> statement-breakpoint
CREATE INDEX "rate_limit_expire_idx" ON "rate_limit" USING btree ("expire");--> statement-breakpoint
CREATE INDEX "unknown_address_updated_at_idx" ON "unknown_email" USING btree ("updated_at");--> statement-breakpoint
-- Whether somebody has a second factor decides what a role may do, so a change of it is announced too.
DROP TRIGGER announce_update ON "user";
--> statement-breakpoint
CREATE TRIGGER announce_update AFTER UPDATE ON "user" FOR EACH ROW WHEN (
  (OLD.id, OLD.name, OLD.email, OLD.role, OLD.organization_id, OLD.is_active, OLD.sessions_valid_after,
    OLD.totp_key IS NULL)
  IS DISTINCT FROM
  (NEW.id, NEW.name, NEW.email, NEW.role, NEW.organization_id, NEW.is_active, NEW.sessions_valid_after,
    NEW.totp_key IS NULL)
) EXECUTE FUNCTION latchkey_announce_user();
