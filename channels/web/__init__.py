"""The website: its socket, REST API and chat page."""
