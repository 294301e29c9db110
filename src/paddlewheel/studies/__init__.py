"""Studies: settings and inputs in, a record and a run directory out; one file per command."""
