DROP TABLE IF EXISTS "late_tracks", "thinned_days", "truck_days", "visit_states", "visits";
ALTER TABLE "stops" DROP COLUMN "arrived_at";
ALTER TABLE "stops" DROP COLUMN "left_at";
ALTER TABLE "stops" DROP COLUMN "closed_by";
ALTER TABLE "stops" DROP COLUMN "evidence";
ALTER TABLE "stops" DROP COLUMN "loaded";
