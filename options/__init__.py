"""What a user can ask for, and the checks of it."""
