"""The newsletter, tested with its real parts: SQLite and PostgreSQL, an SMTP server, uvicorn on loopback, processes that are killed."""
