"""Drawing until statistics are known as exactly as wanted."""
