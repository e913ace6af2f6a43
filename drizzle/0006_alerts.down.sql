DROP TABLE "alert_deliveries", "push_subscriptions", "alert_channels", "alerts", "server_keys";
