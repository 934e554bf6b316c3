"""Who talks to the service: the web page and its socket, the REST API, the terminal."""
