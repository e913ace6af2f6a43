CREATE TABLE "plan_drafts" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "plan_drafts_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"proposal_id" bigint NOT NULL,
	"alternative" text NOT NULL,
	"author" jsonb NOT NULL,
	"base_version" integer NOT NULL,
	"revision" integer DEFAULT 1 NOT NULL,
	"state" text DEFAULT 'open' NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"document" jsonb NOT NULL,
	"diff" jsonb NOT NULL,
	"version" integer,
	CONSTRAINT "plan_drafts_state" CHECK ("plan_drafts"."state" in ('open','approved','discarded'))
);
--> statement-breakpoint
CREATE TABLE "proposal_alternatives" (
	"proposal_id" bigint NOT NULL,
	"name" text NOT NULL,
	"stability_s" double precision NOT NULL,
	"document" jsonb NOT NULL,
	"diff" jsonb NOT NULL,
	"hash" text NOT NULL,
	"solve_ms" integer NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "proposal_alternatives_proposal_id_name_pk" PRIMARY KEY("proposal_id","name"),
	CONSTRAINT "proposal_alternatives_name" CHECK ("proposal_alternatives"."name" in ('minimal','balanced','maximal'))
);
--> statement-breakpoint
ALTER TABLE "plan_versions" ADD COLUMN "approval" jsonb;--> statement-breakpoint
ALTER TABLE "proposals" ADD COLUMN "asked" jsonb;--> statement-breakpoint
ALTER TABLE "proposals" ADD COLUMN "replaces" bigint;--> statement-breakpoint
ALTER TABLE "plan_drafts" ADD CONSTRAINT "plan_drafts_proposal_id_proposals_id_fk" FOREIGN KEY ("proposal_id") REFERENCES "public"."proposals"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "proposal_alternatives" ADD CONSTRAINT "proposal_alternatives_proposal_id_proposals_id_fk" FOREIGN KEY ("proposal_id") REFERENCES "public"."proposals"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "plan_drafts_open" ON "plan_drafts" USING btree ("proposal_id") WHERE "plan_drafts"."state" = 'open';