"""Whether the sync meter finds lags that were planted, and believes nobody else's sound."""
