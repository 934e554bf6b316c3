"""Life events (一件事): bundles of service items, with the questions that decide which of them apply."""
