"""Sound in and out: files, microphone, loudspeaker, and when someone is speaking."""
