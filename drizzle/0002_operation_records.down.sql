DROP TABLE "operation_records";
