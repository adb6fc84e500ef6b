"""Everything that needs a GPU, in one run of limited length."""
