ALTER TABLE "session" ADD COLUMN "wrong_passwords" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "session" ADD COLUMN "password_locked_until" timestamp (3) with time zone;