CREATE TABLE "api_tokens" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "api_tokens_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"name" text NOT NULL,
	"scope" text NOT NULL,
	"token_hash" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"revoked_at" timestamp with time zone,
	CONSTRAINT "api_tokens_token_hash_unique" UNIQUE("token_hash")
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"id" text PRIMARY KEY NOT NULL,
	"user_id" bigint NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "users_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"username" text NOT NULL,
	"password_hash" text NOT NULL,
	"role" text NOT NULL,
	"email" text,
	"active" boolean DEFAULT true NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "users_username_unique" UNIQUE("username"),
	CONSTRAINT "users_role" CHECK ("users"."role" in ('admin','supervisor','operator','driver','citizen'))
);
--> statement-breakpoint
CREATE TABLE "assignments" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "assignments_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"route_id" bigint NOT NULL,
	"driver_id" bigint NOT NULL,
	"state" text DEFAULT 'assigned' NOT NULL,
	"assigned_at" timestamp with time zone DEFAULT now() NOT NULL,
	"scheduled_start" timestamp with time zone,
	"started_at" timestamp with time zone,
	"finished_at" timestamp with time zone,
	"notes" text
);
--> statement-breakpoint
CREATE TABLE "event_head" (
	"id" integer PRIMARY KEY NOT NULL,
	"last_id" bigint NOT NULL,
	CONSTRAINT "event_head_one_row" CHECK ("event_head"."id" = 1)
);
--> statement-breakpoint
CREATE TABLE "events" (
	"id" bigint PRIMARY KEY NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"type" text NOT NULL,
	"subject_kind" text NOT NULL,
	"subject_id" bigint NOT NULL,
	"zone" text,
	"actor" jsonb NOT NULL,
	"data" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "leases" (
	"name" text PRIMARY KEY NOT NULL,
	"holder" text NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "rules_versions" (
	"version" integer PRIMARY KEY NOT NULL,
	"rules" jsonb NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"actor" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "containers" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "containers_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"code" text NOT NULL,
	"lat" double precision NOT NULL,
	"lon" double precision NOT NULL,
	"geom" geometry(Point,4326) GENERATED ALWAYS AS (ST_SetSRID(ST_MakePoint(lon, lat), 4326)) STORED,
	"zone" text NOT NULL,
	"load" double precision NOT NULL,
	"address" text,
	"active" boolean DEFAULT true NOT NULL,
	"every_days" integer DEFAULT 1 NOT NULL,
	"last_emptied_at" timestamp with time zone,
	CONSTRAINT "containers_code_unique" UNIQUE("code")
);
--> statement-breakpoint
CREATE TABLE "devices" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "devices_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"truck_id" bigint NOT NULL,
	"name" text NOT NULL,
	"unique_id" text,
	"kind" text DEFAULT 'tracker' NOT NULL,
	"token_hash" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"revoked_at" timestamp with time zone,
	"last_seen_at" timestamp with time zone,
	CONSTRAINT "devices_unique_id_unique" UNIQUE("unique_id"),
	CONSTRAINT "devices_token_hash_unique" UNIQUE("token_hash")
);
--> statement-breakpoint
CREATE TABLE "drivers" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "drivers_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"user_id" bigint NOT NULL,
	"name" text NOT NULL,
	"cedula" text NOT NULL,
	"phone" text,
	"licence" text NOT NULL,
	"state" text DEFAULT 'available' NOT NULL,
	"zone_preference" text,
	"hired_on" date,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "drivers_user_id_unique" UNIQUE("user_id"),
	CONSTRAINT "drivers_cedula_unique" UNIQUE("cedula")
);
--> statement-breakpoint
CREATE TABLE "trucks" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "trucks_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"plate" text NOT NULL,
	"type" text NOT NULL,
	"capacity" double precision NOT NULL,
	"state" text DEFAULT 'available' NOT NULL,
	"zone" text,
	"load_aboard" double precision DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "trucks_plate_unique" UNIQUE("plate"),
	CONSTRAINT "trucks_type" CHECK ("trucks"."type" in ('lateral','posterior')),
	CONSTRAINT "trucks_state" CHECK ("trucks"."state" in ('available','out','retired'))
);
--> statement-breakpoint
CREATE TABLE "incident_reports" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "incident_reports_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"incident_id" bigint NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"description" text,
	"photo_id" uuid,
	"user_id" bigint
);
--> statement-breakpoint
CREATE TABLE "incidents" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "incidents_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"code" text NOT NULL,
	"type" text NOT NULL,
	"severity" double precision NOT NULL,
	"zone" text NOT NULL,
	"state" text DEFAULT 'pending' NOT NULL,
	"lat" double precision NOT NULL,
	"lon" double precision NOT NULL,
	"geom" geometry(Point,4326) GENERATED ALWAYS AS (ST_SetSRID(ST_MakePoint(lon, lat), 4326)) STORED,
	"address" text,
	"description" text,
	"reported_at" timestamp with time zone NOT NULL,
	"window_start" timestamp with time zone NOT NULL,
	"window_end" timestamp with time zone NOT NULL,
	"validated_at" timestamp with time zone,
	"closed_at" timestamp with time zone,
	"cancel_reason" text,
	"outcome" text,
	"rules_version" integer NOT NULL,
	CONSTRAINT "incidents_code_unique" UNIQUE("code"),
	CONSTRAINT "incidents_state" CHECK ("incidents"."state" in ('pending','validated','assigned','completed','cancelled'))
);
--> statement-breakpoint
CREATE TABLE "photos" (
	"id" uuid PRIMARY KEY NOT NULL,
	"mime" text NOT NULL,
	"bytes" integer NOT NULL,
	"sha256" text NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "closures" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "closures_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"area" geometry(Polygon,4326) NOT NULL,
	"reason" text NOT NULL,
	"starts_at" timestamp with time zone NOT NULL,
	"ends_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"actor" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "plan_head" (
	"id" integer PRIMARY KEY NOT NULL,
	"version" integer NOT NULL,
	CONSTRAINT "plan_head_one_row" CHECK ("plan_head"."id" = 1)
);
--> statement-breakpoint
CREATE TABLE "plan_versions" (
	"version" integer PRIMARY KEY NOT NULL,
	"parent" integer,
	"kind" text NOT NULL,
	"reason" text NOT NULL,
	"actor" jsonb NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"document" jsonb NOT NULL,
	"diff" jsonb NOT NULL,
	"hash" text NOT NULL,
	"undoes" integer,
	"proposal_id" bigint
);
--> statement-breakpoint
CREATE TABLE "proposals" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "proposals_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"zone" text NOT NULL,
	"base_version" integer NOT NULL,
	"kind" text NOT NULL,
	"reason" text NOT NULL,
	"state" text DEFAULT 'open' NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"closed_at" timestamp with time zone,
	"closed_by" jsonb,
	"close_reason" text,
	"document" jsonb NOT NULL,
	"diff" jsonb NOT NULL,
	"incident_ids" jsonb NOT NULL,
	"truck_id" bigint,
	"solve_ms" integer NOT NULL,
	"version" integer
);
--> statement-breakpoint
CREATE TABLE "routes" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "routes_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"zone" text NOT NULL,
	"truck_id" bigint NOT NULL,
	"state" text DEFAULT 'planned' NOT NULL,
	"current" boolean DEFAULT false NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"started_at" timestamp with time zone,
	"finished_at" timestamp with time zone,
	CONSTRAINT "routes_state" CHECK ("routes"."state" in ('planned','running','done','cancelled'))
);
--> statement-breakpoint
CREATE TABLE "stops" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "stops_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"kind" text NOT NULL,
	"incident_id" bigint,
	"container_id" bigint,
	"lat" double precision NOT NULL,
	"lon" double precision NOT NULL,
	"address" text,
	"load" double precision DEFAULT 0 NOT NULL,
	"service_s" integer NOT NULL,
	"window_end" timestamp with time zone,
	"state" text DEFAULT 'planned' NOT NULL,
	"route_id" bigint,
	"position" integer,
	"departed_at" timestamp with time zone,
	"finished_at" timestamp with time zone,
	"fail_reason" text,
	"client_id" text,
	CONSTRAINT "stops_state" CHECK ("stops"."state" in ('planned','enroute','done','failed')),
	CONSTRAINT "stops_kind" CHECK ("stops"."kind" in ('depot','incident','container','disposal'))
);
--> statement-breakpoint
CREATE TABLE "zone_planning" (
	"zone" text PRIMARY KEY NOT NULL,
	"considered_event_id" bigint DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "device_latest" (
	"device_id" bigint PRIMARY KEY NOT NULL,
	"truck_id" bigint NOT NULL,
	"recorded_at" timestamp with time zone NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	"lat" double precision NOT NULL,
	"lon" double precision NOT NULL,
	"geom" geometry(Point,4326) NOT NULL,
	"speed" real,
	"heading" real,
	"accuracy" real,
	"battery" real,
	"ignition" boolean
);
--> statement-breakpoint
CREATE TABLE "device_writers" (
	"device_id" bigint PRIMARY KEY NOT NULL,
	"writer" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tracks" (
	"device_id" bigint NOT NULL,
	"truck_id" bigint NOT NULL,
	"recorded_at" timestamp with time zone NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	"geom" geometry(Point,4326) NOT NULL,
	"speed" real,
	"heading" real,
	"accuracy" real,
	"battery" real,
	"ignition" boolean,
	"flag" text,
	CONSTRAINT "tracks_device_id_recorded_at_pk" PRIMARY KEY("device_id","recorded_at")
) PARTITION BY RANGE ("recorded_at");
--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "assignments" ADD CONSTRAINT "assignments_route_id_routes_id_fk" FOREIGN KEY ("route_id") REFERENCES "public"."routes"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "assignments" ADD CONSTRAINT "assignments_driver_id_drivers_id_fk" FOREIGN KEY ("driver_id") REFERENCES "public"."drivers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "devices" ADD CONSTRAINT "devices_truck_id_trucks_id_fk" FOREIGN KEY ("truck_id") REFERENCES "public"."trucks"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "drivers" ADD CONSTRAINT "drivers_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "incident_reports" ADD CONSTRAINT "incident_reports_incident_id_incidents_id_fk" FOREIGN KEY ("incident_id") REFERENCES "public"."incidents"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "incident_reports" ADD CONSTRAINT "incident_reports_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "proposals" ADD CONSTRAINT "proposals_truck_id_trucks_id_fk" FOREIGN KEY ("truck_id") REFERENCES "public"."trucks"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "routes" ADD CONSTRAINT "routes_truck_id_trucks_id_fk" FOREIGN KEY ("truck_id") REFERENCES "public"."trucks"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stops" ADD CONSTRAINT "stops_incident_id_incidents_id_fk" FOREIGN KEY ("incident_id") REFERENCES "public"."incidents"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stops" ADD CONSTRAINT "stops_container_id_containers_id_fk" FOREIGN KEY ("container_id") REFERENCES "public"."containers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stops" ADD CONSTRAINT "stops_route_id_routes_id_fk" FOREIGN KEY ("route_id") REFERENCES "public"."routes"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "device_latest" ADD CONSTRAINT "device_latest_device_id_devices_id_fk" FOREIGN KEY ("device_id") REFERENCES "public"."devices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "device_latest" ADD CONSTRAINT "device_latest_truck_id_trucks_id_fk" FOREIGN KEY ("truck_id") REFERENCES "public"."trucks"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "device_writers" ADD CONSTRAINT "device_writers_device_id_devices_id_fk" FOREIGN KEY ("device_id") REFERENCES "public"."devices"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "sessions_user" ON "sessions" USING btree ("user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "assignments_one_live_per_route" ON "assignments" USING btree ("route_id") WHERE "assignments"."state" in ('assigned','started');--> statement-breakpoint
CREATE UNIQUE INDEX "assignments_one_live_per_driver" ON "assignments" USING btree ("driver_id") WHERE "assignments"."state" in ('assigned','started');--> statement-breakpoint
CREATE INDEX "events_subject" ON "events" USING btree ("subject_kind","subject_id","id");--> statement-breakpoint
CREATE INDEX "events_at" ON "events" USING btree ("at");--> statement-breakpoint
CREATE INDEX "containers_geom" ON "containers" USING gist ("geom");--> statement-breakpoint
CREATE INDEX "devices_truck" ON "devices" USING btree ("truck_id");--> statement-breakpoint
CREATE INDEX "incident_reports_incident" ON "incident_reports" USING btree ("incident_id");--> statement-breakpoint
CREATE INDEX "incidents_state_zone" ON "incidents" USING btree ("state","zone");--> statement-breakpoint
CREATE INDEX "incidents_geom" ON "incidents" USING gist ("geom");--> statement-breakpoint
CREATE UNIQUE INDEX "proposals_one_open_per_zone" ON "proposals" USING btree ("zone") WHERE "proposals"."state" = 'open';--> statement-breakpoint
CREATE INDEX "routes_live" ON "routes" USING btree ("zone") WHERE "routes"."current" and "routes"."state" in ('planned','running');--> statement-breakpoint
CREATE UNIQUE INDEX "stops_one_open_per_incident" ON "stops" USING btree ("incident_id") WHERE "stops"."state" in ('planned','enroute');--> statement-breakpoint
CREATE UNIQUE INDEX "stops_client_id" ON "stops" USING btree ("client_id");--> statement-breakpoint
CREATE INDEX "stops_route" ON "stops" USING btree ("route_id","position");--> statement-breakpoint
CREATE INDEX "device_latest_geom" ON "device_latest" USING gist ("geom");--> statement-breakpoint
CREATE INDEX "tracks_truck" ON "tracks" USING btree ("truck_id","recorded_at");--> statement-breakpoint
-- By hand from here: what the schema cannot say. The partitions of "tracks" are made by the server, a day each.
CREATE INDEX "tracks_time" ON "tracks" USING brin ("recorded_at");--> statement-breakpoint
INSERT INTO "event_head" ("id", "last_id") VALUES (1, 0);--> statement-breakpoint
INSERT INTO "plan_head" ("id", "version") VALUES (1, 0);
