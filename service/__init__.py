"""The address: jobs come over HTTP, wait in a queue that loses nothing, and are made by workers."""
