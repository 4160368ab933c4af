"""An offline voice assistant for car cockpits."""
