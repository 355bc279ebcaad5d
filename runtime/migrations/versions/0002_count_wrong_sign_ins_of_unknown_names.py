"""Count wrong sign-ins of unknown names."""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('wrong_sign_in',
    sa.Column('name_index', sa.LargeBinary(length=32), nullable=False),
    sa.Column('failed_sign_ins', sa.Integer(), nullable=False),
    sa.Column('refused_until', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('name_index', name=op.f('pk_wrong_sign_in'))
    )
    with op.batch_alter_table('wrong_sign_in', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_wrong_sign_in_refused_until'), ['refused_until'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('wrong_sign_in', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_wrong_sign_in_refused_until'))

    op.drop_table('wrong_sign_in')
