"""The operators' block list (屏蔽词): its words, matching them with their variants, sheets, and the SQL."""
