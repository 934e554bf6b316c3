"""Who measures the service: datasets, metrics, runs and reports. Nothing imports this package."""
