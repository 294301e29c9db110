"""Pages: one HTML file without network, from the documents of a run directory; nothing here knows a study."""
