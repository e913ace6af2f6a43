CREATE TABLE "late_tracks" (
	"truck_id" bigint PRIMARY KEY NOT NULL,
	"from_at" timestamp with time zone NOT NULL,
	"to_at" timestamp with time zone NOT NULL,
	"grown" integer DEFAULT 1 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "thinned_days" (
	"day" date PRIMARY KEY NOT NULL,
	"tolerance_m" double precision NOT NULL,
	"fixes_before" integer NOT NULL,
	"fixes_after" integer NOT NULL,
	"bytes_before" double precision NOT NULL,
	"bytes_after" double precision NOT NULL,
	"at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "truck_days" (
	"truck_id" bigint NOT NULL,
	"day" date NOT NULL,
	"summary" jsonb NOT NULL,
	"computed_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "visit_states" (
	"truck_id" bigint PRIMARY KEY NOT NULL,
	"seen_to" timestamp with time zone NOT NULL,
	"state" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "visits" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "visits_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"truck_id" bigint NOT NULL,
	"place" text NOT NULL,
	"stop_id" bigint,
	"arrived_at" timestamp with time zone NOT NULL,
	"left_at" timestamp with time zone,
	"live" boolean NOT NULL
);
--> statement-breakpoint
ALTER TABLE "stops" ADD COLUMN "arrived_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "stops" ADD COLUMN "left_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "stops" ADD COLUMN "closed_by" text;--> statement-breakpoint
ALTER TABLE "stops" ADD COLUMN "evidence" text;--> statement-breakpoint
ALTER TABLE "stops" ADD COLUMN "loaded" double precision;--> statement-breakpoint
ALTER TABLE "late_tracks" ADD CONSTRAINT "late_tracks_truck_id_trucks_id_fk" FOREIGN KEY ("truck_id") REFERENCES "public"."trucks"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "truck_days" ADD CONSTRAINT "truck_days_truck_id_trucks_id_fk" FOREIGN KEY ("truck_id") REFERENCES "public"."trucks"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "visit_states" ADD CONSTRAINT "visit_states_truck_id_trucks_id_fk" FOREIGN KEY ("truck_id") REFERENCES "public"."trucks"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "visits" ADD CONSTRAINT "visits_truck_id_trucks_id_fk" FOREIGN KEY ("truck_id") REFERENCES "public"."trucks"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "visits" ADD CONSTRAINT "visits_stop_id_stops_id_fk" FOREIGN KEY ("stop_id") REFERENCES "public"."stops"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "truck_days_one" ON "truck_days" USING btree ("truck_id","day");--> statement-breakpoint
CREATE UNIQUE INDEX "visits_one" ON "visits" USING btree ("truck_id","place","arrived_at");--> statement-breakpoint
CREATE INDEX "visits_truck" ON "visits" USING btree ("truck_id","arrived_at");--> statement-breakpoint
CREATE INDEX "visits_stop" ON "visits" USING btree ("stop_id");