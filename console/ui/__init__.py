"""The screen: renders the frozen picture of a session, posts intents, fetches nothing."""
