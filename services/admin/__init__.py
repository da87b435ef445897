"""Administration: roles, accounts, groups, messages, reports, and the audit of every act."""
