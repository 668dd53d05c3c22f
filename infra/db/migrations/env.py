"""Run by Alembic. The connection, and the transaction around all of it, come from `infra.db.migrate`."""

from alembic import context

from infra.db.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite can not alter a table: it is copied
    compare_type=True,
)
context.run_migrations()
