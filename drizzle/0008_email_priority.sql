DROP INDEX "mail_next_attempt_at_idx";--> statement-breakpoint
ALTER TABLE "mail" ADD COLUMN "priority" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX "mail_due_idx" ON "mail" USING btree ("priority","next_attempt_at");--> statement-breakpoint
CREATE INDEX "mail_address_idx" ON "mail" USING btree ("address");