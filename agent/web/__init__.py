"""HTTP on PORT: the studio's page, health, the invite exchange, the episodes."""
