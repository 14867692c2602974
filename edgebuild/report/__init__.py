"""What a build found, for people and for CI servers: one document, rendered as JSON, HTML, JUnit."""
