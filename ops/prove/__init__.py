"""`prove`: an ephemeral copy of a stack in its own account, taken through its life, measured, and destroyed again."""
