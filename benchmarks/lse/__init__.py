"""LSE-C and LSE-D, the lip-sync error of the papers, by SyncNet with weights that the user has."""
