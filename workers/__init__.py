"""Worker processes that keep models loaded, on this machine or on a cluster."""
