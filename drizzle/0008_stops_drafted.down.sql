ALTER TABLE "stops" DROP COLUMN "drafted_at";
