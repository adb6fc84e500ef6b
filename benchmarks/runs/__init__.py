"""The command and what it is held against, as processes of their own."""
