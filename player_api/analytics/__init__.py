"""Engagement analytics: what players tell is collected, rolled up and asked for. docs/metrics.md defines the numbers."""
