"""Where observations come from: one source per file; nothing here decides anything."""
