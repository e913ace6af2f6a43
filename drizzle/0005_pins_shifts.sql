ALTER TABLE "drivers" ADD COLUMN "shift_s" integer;--> statement-breakpoint
ALTER TABLE "trucks" ADD COLUMN "planning" text DEFAULT 'open' NOT NULL;--> statement-breakpoint
ALTER TABLE "trucks" ADD COLUMN "shift_s" integer;--> statement-breakpoint
ALTER TABLE "trucks" ADD COLUMN "overtime_max_s" integer;--> statement-breakpoint
ALTER TABLE "trucks" ADD COLUMN "out_since" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "stops" ADD COLUMN "pin" text;--> statement-breakpoint
ALTER TABLE "trucks" ADD CONSTRAINT "trucks_planning" CHECK ("trucks"."planning" in ('open','locked','excluded'));--> statement-breakpoint
ALTER TABLE "stops" ADD CONSTRAINT "stops_pin" CHECK ("stops"."pin" in ('truck','place'));--> statement-breakpoint
UPDATE "trucks" SET "out_since" = coalesce((
  SELECT max("at") FROM "events"
   WHERE "type" = 'truck.out' AND "subject_kind" = 'truck' AND "subject_id" = "trucks"."id"), now())
 WHERE "state" = 'out';
