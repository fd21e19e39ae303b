"""One file per thing to do; each is run from the command line and meant to be copied."""
