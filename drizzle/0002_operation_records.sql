CREATE TABLE "operation_records" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "operation_records_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"kind" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"ok" boolean NOT NULL,
	"detail" jsonb NOT NULL,
	"recorded_by" text NOT NULL
);
--> statement-breakpoint
CREATE INDEX "operation_records_newest" ON "operation_records" USING btree ("kind","at" DESC NULLS LAST);