CREATE TABLE "device_trucks" (
	"device_id" bigint NOT NULL,
	"since" timestamp with time zone NOT NULL,
	"truck_id" bigint NOT NULL,
	CONSTRAINT "device_trucks_device_id_since_pk" PRIMARY KEY("device_id","since")
);
--> statement-breakpoint
ALTER TABLE "device_trucks" ADD CONSTRAINT "device_trucks_device_id_devices_id_fk" FOREIGN KEY ("device_id") REFERENCES "public"."devices"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "device_trucks" ADD CONSTRAINT "device_trucks_truck_id_trucks_id_fk" FOREIGN KEY ("truck_id") REFERENCES "public"."trucks"("id") ON DELETE no action ON UPDATE no action;