"""The service over HTTP: routes, what stands before them, the page, and the program."""
