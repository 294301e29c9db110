"""The life of a run, once: settings, directory, units, record, page."""
