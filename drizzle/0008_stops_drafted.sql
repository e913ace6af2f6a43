ALTER TABLE "stops" ADD COLUMN "drafted_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "stops_drafted" ON "stops" USING btree ("drafted_at") WHERE "stops"."drafted_at" is not null;