"""The Slack bot that starts and follows deployments (docs/delivery.md)."""
