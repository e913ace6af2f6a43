DROP TABLE "device_trucks";
