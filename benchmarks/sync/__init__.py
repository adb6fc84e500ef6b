"""The sync meter must find lags that were planted, and must not believe a foreign sound."""
