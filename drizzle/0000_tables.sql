CREATE TABLE "latchkey"."account" (
	"user_id" text NOT NULL,
	"type" text NOT NULL,
	"provider" text NOT NULL,
	"provider_account_id" text NOT NULL,
	"refresh_token" text,
	"access_token" text,
	"expires_at" integer,
	"token_type" text,
	"scope" text,
	"id_token" text,
	"session_state" text,
	CONSTRAINT "account_provider_provider_account_id_pk" PRIMARY KEY("provider","provider_account_id")
);
--> statement-breakpoint
CREATE TABLE "latchkey"."audit_event" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "latchkey"."audit_event_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"occurred_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	"action" text NOT NULL,
	"user_id" text,
	"actor_id" text,
	"session_id" text,
	"user_agent" text,
	"ip_address" text
);
--> statement-breakpoint
CREATE TABLE "latchkey"."email" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "latchkey"."email_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"kind" text NOT NULL,
	"address" text NOT NULL,
	"facts" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"queued_at" timestamp (3) with time zone DEFAULT clock_timestamp() NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"priority" integer DEFAULT 0 NOT NULL,
	"next_attempt_at" timestamp (3) with time zone DEFAULT date_trunc('milliseconds', clock_timestamp()) NOT NULL
);
--> statement-breakpoint
CREATE TABLE "latchkey"."known_device" (
	"user_id" text NOT NULL,
	"token_hash" text NOT NULL,
	"last_sign_in_at" timestamp (3) with time zone,
	"failed_sign_ins" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "known_device_user_id_token_hash_pk" PRIMARY KEY("user_id","token_hash")
);
--> statement-breakpoint
CREATE TABLE "latchkey"."pending_sign_in" (
	"token_hash" text PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"cutoff" timestamp (3) with time zone NOT NULL,
	"provider" text NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"expires" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "latchkey"."pending_sign_up" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"email" text NOT NULL,
	"password_hash" text NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"expires" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "latchkey"."rate_limit" (
	"key" text PRIMARY KEY NOT NULL,
	"points" integer NOT NULL,
	"expire" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "latchkey"."recovery_code" (
	"user_id" text NOT NULL,
	"code_hash" text NOT NULL,
	CONSTRAINT "recovery_code_user_id_code_hash_pk" PRIMARY KEY("user_id","code_hash")
);
--> statement-breakpoint
CREATE TABLE "latchkey"."session" (
	"id" text PRIMARY KEY NOT NULL,
	"session_token" text NOT NULL,
	"user_id" text NOT NULL,
	"authenticated_at" timestamp (3) with time zone NOT NULL,
	"reauthenticated_at" timestamp (3) with time zone DEFAULT 'epoch' NOT NULL,
	"wrong_passwords" integer DEFAULT 0 NOT NULL,
	"password_locked_until" timestamp (3) with time zone,
	"expires" timestamp (3) with time zone NOT NULL,
	"last_active" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"user_agent" text,
	"ip_address" text,
	"provider" text NOT NULL,
	"data" jsonb DEFAULT '{}' NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"end_reason" text,
	"refused_count" integer DEFAULT 0 NOT NULL,
	"last_refused_at" timestamp (3) with time zone,
	"last_refused_user_agent" text,
	CONSTRAINT "session_session_token_unique" UNIQUE("session_token"),
	CONSTRAINT "session_data_check" CHECK (jsonb_typeof("latchkey"."session"."data") = 'object' and octet_length("latchkey"."session"."data"::text) <= 6144)
);
--> statement-breakpoint
CREATE TABLE "latchkey"."unknown_email" (
	"email_hash" text PRIMARY KEY NOT NULL,
	"failed_sign_ins" integer DEFAULT 0 NOT NULL,
	"lockout_until" timestamp (3) with time zone,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "latchkey"."user" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"email" text NOT NULL,
	"email_verified" timestamp (3) with time zone,
	"image" text,
	"password_hash" text,
	"role" text DEFAULT 'user' NOT NULL,
	"organization_id" text,
	"attributes" jsonb DEFAULT '{}' NOT NULL,
	"is_active" boolean DEFAULT true NOT NULL,
	"sessions_valid_after" timestamp (3) with time zone DEFAULT 'epoch' NOT NULL,
	"failed_sign_ins" integer DEFAULT 0 NOT NULL,
	"lockout_until" timestamp (3) with time zone,
	"totp_key" text,
	"totp_key_pending" text,
	"totp_last_step" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "user_attributes_check" CHECK (jsonb_typeof("latchkey"."user"."attributes") = 'object' and octet_length("latchkey"."user"."attributes"::text) <= 1536)
);
--> statement-breakpoint
CREATE TABLE "latchkey"."verification_token" (
	"identifier" text NOT NULL,
	"token" text NOT NULL,
	"expires" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "verification_token_identifier_token_pk" PRIMARY KEY("identifier","token")
);
--> statement-breakpoint
ALTER TABLE "latchkey"."account" ADD CONSTRAINT "account_user_id_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "latchkey"."user"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "latchkey"."audit_event" ADD CONSTRAINT "audit_event_user_id_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "latchkey"."user"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "latchkey"."audit_event" ADD CONSTRAINT "audit_event_actor_id_user_id_fk" FOREIGN KEY ("actor_id") REFERENCES "latchkey"."user"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "latchkey"."known_device" ADD CONSTRAINT "known_device_user_id_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "latchkey"."user"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "latchkey"."pending_sign_in" ADD CONSTRAINT "pending_sign_in_user_id_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "latchkey"."user"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "latchkey"."recovery_code" ADD CONSTRAINT "recovery_code_user_id_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "latchkey"."user"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "latchkey"."session" ADD CONSTRAINT "session_user_id_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "latchkey"."user"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_event_user_id_idx" ON "latchkey"."audit_event" USING btree ("user_id","occurred_at");--> statement-breakpoint
CREATE INDEX "audit_event_user_id_id_idx" ON "latchkey"."audit_event" USING btree ("user_id","id");--> statement-breakpoint
CREATE INDEX "audit_event_occurred_at_idx" ON "latchkey"."audit_event" USING btree ("occurred_at");--> statement-breakpoint
CREATE INDEX "email_due_idx" ON "latchkey"."email" USING btree ("priority","next_attempt_at");--> statement-breakpoint
CREATE INDEX "email_address_idx" ON "latchkey"."email" USING btree ("address");--> statement-breakpoint
CREATE INDEX "known_device_last_sign_in_at_idx" ON "latchkey"."known_device" USING btree ("last_sign_in_at");--> statement-breakpoint
CREATE INDEX "pending_sign_in_expires_idx" ON "latchkey"."pending_sign_in" USING btree ("expires");--> statement-breakpoint
CREATE INDEX "pending_sign_up_expires_idx" ON "latchkey"."pending_sign_up" USING btree ("expires");--> statement-breakpoint
CREATE INDEX "rate_limit_expire_idx" ON "latchkey"."rate_limit" USING btree ("expire");--> statement-breakpoint
CREATE INDEX "session_user_id_idx" ON "latchkey"."session" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "session_expires_idx" ON "latchkey"."session" USING btree ("expires");--> statement-breakpoint
CREATE INDEX "session_ended_at_idx" ON "latchkey"."session" USING btree ("ended_at");--> statement-breakpoint
CREATE INDEX "unknown_email_updated_at_idx" ON "latchkey"."unknown_email" USING btree ("updated_at");--> statement-breakpoint
CREATE UNIQUE INDEX "user_email_key" ON "latchkey"."user" USING btree (lower("email"));--> statement-breakpoint
CREATE INDEX "verification_token_token_idx" ON "latchkey"."verification_token" USING btree ("token");