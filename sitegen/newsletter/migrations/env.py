"""Alembic's entrance: `database.upgrade` hands it an open connection."""

from alembic import context

from sitegen.newsletter.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a table by making it anew
    transaction_per_migration=True,
)  # fmt: skip
context.run_migrations()
