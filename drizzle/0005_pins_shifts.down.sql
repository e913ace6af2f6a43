ALTER TABLE "stops" DROP CONSTRAINT "stops_pin";
ALTER TABLE "trucks" DROP CONSTRAINT "trucks_planning";
ALTER TABLE "stops" DROP COLUMN "pin";
ALTER TABLE "trucks" DROP COLUMN "out_since";
ALTER TABLE "trucks" DROP COLUMN "overtime_max_s";
ALTER TABLE "trucks" DROP COLUMN "shift_s";
ALTER TABLE "trucks" DROP COLUMN "planning";
ALTER TABLE "drivers" DROP COLUMN "shift_s";
