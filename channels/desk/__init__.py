"""The agents' channel: `/ws/v1/desk`."""
