"""Judge a finished result: meters of sync and picture, their limits, and a page that shows them."""
