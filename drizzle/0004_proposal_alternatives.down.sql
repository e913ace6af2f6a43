DROP TABLE IF EXISTS "plan_drafts", "proposal_alternatives";
ALTER TABLE "proposals" DROP COLUMN "replaces";
ALTER TABLE "proposals" DROP COLUMN "asked";
ALTER TABLE "plan_versions" DROP COLUMN "approval";
