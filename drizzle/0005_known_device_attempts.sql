ALTER TABLE "known_device" ALTER COLUMN "last_sign_in_at" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "known_device" ADD COLUMN "failed_login_attempts" integer DEFAULT 0 NOT NULL;